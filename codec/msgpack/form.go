package msgpack

import "github.com/gomas/gomas/internal/value"

// The bytes with which values begin. Those of fix hold a small number, too.
const (
	fixInt      = 0x00 // to 0x7f
	fixMap      = 0x80
	fixList     = 0x90
	fixText     = 0xa0
	tagNil      = 0xc0
	tagFalse    = 0xc2
	tagTrue     = 0xc3
	tagBytes8   = 0xc4
	tagBytes16  = 0xc5
	tagBytes32  = 0xc6
	tagFloat32  = 0xca
	tagFloat64  = 0xcb
	tagUint8    = 0xcc
	tagUint16   = 0xcd
	tagUint32   = 0xce
	tagUint64   = 0xcf
	tagInt8     = 0xd0
	tagInt16    = 0xd1
	tagInt32    = 0xd2
	tagInt64    = 0xd3
	tagText8    = 0xd9
	tagText16   = 0xda
	tagText32   = 0xdb
	tagList16   = 0xdc
	tagList32   = 0xdd
	tagMap16    = 0xde
	tagMap32    = 0xdf
	fixNegative = 0xe0 // -32, to 0xff, -1
)

// form is what a value's first byte says about it.
type form struct {
	kind   value.Kind // 0 for extension types, and 0xc1
	follow uint8      // how many bytes of a number, or of a length, come next
}

// forms are those of all first bytes.
var forms = allForms()

func allForms() (forms [256]form) {
	fill := func(from, to int, f form) {
		for tag := from; tag <= to; tag++ {
			forms[tag] = f
		}
	}
	fill(fixInt, 0x7f, form{kind: value.KindNumber})
	fill(fixMap, 0x8f, form{kind: value.KindMap})
	fill(fixList, 0x9f, form{kind: value.KindList})
	fill(fixText, 0xbf, form{kind: value.KindText})
	fill(fixNegative, 0xff, form{kind: value.KindNumber})
	forms[tagNil] = form{kind: value.KindNil}
	forms[tagFalse] = form{kind: value.KindBool}
	forms[tagTrue] = form{kind: value.KindBool}
	forms[tagBytes8] = form{kind: value.KindBytes, follow: 1}
	forms[tagBytes16] = form{kind: value.KindBytes, follow: 2}
	forms[tagBytes32] = form{kind: value.KindBytes, follow: 4}
	forms[tagFloat32] = form{kind: value.KindNumber, follow: 4}
	forms[tagFloat64] = form{kind: value.KindNumber, follow: 8}
	forms[tagUint8] = form{kind: value.KindNumber, follow: 1}
	forms[tagUint16] = form{kind: value.KindNumber, follow: 2}
	forms[tagUint32] = form{kind: value.KindNumber, follow: 4}
	forms[tagUint64] = form{kind: value.KindNumber, follow: 8}
	forms[tagInt8] = form{kind: value.KindNumber, follow: 1}
	forms[tagInt16] = form{kind: value.KindNumber, follow: 2}
	forms[tagInt32] = form{kind: value.KindNumber, follow: 4}
	forms[tagInt64] = form{kind: value.KindNumber, follow: 8}
	forms[tagText8] = form{kind: value.KindText, follow: 1}
	forms[tagText16] = form{kind: value.KindText, follow: 2}
	forms[tagText32] = form{kind: value.KindText, follow: 4}
	forms[tagList16] = form{kind: value.KindList, follow: 2}
	forms[tagList32] = form{kind: value.KindList, follow: 4}
	forms[tagMap16] = form{kind: value.KindMap, follow: 2}
	forms[tagMap32] = form{kind: value.KindMap, follow: 4}
	return forms
}
