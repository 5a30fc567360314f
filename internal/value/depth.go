package value

import "github.com/gomas/gomas/codec"

// CheckDepth reads the next value of r, in which lists and maps may be nested
// most deep. More is a *codec.SyntaxError.
func CheckDepth(r Reader, most int) error {
	kind, err := r.Kind()
	if err != nil {
		return err
	}
	if kind != KindList && kind != KindMap {
		_, err := r.Raw(0)
		return err
	}
	if most == 0 {
		return &codec.SyntaxError{Msg: "nested deeper than the limit of this connection"}
	}
	if kind == KindList {
		n, err := r.List()
		for i := 0; err == nil; i++ {
			var more bool
			if more, err = r.Item(n, i); err != nil || !more {
				return err
			}
			err = CheckDepth(r, most-1)
		}
		return err
	}
	n, err := r.Map()
	for i := 0; err == nil; i++ {
		var key []byte
		var more bool
		if key, more, err = r.Key(n, i); err != nil || !more {
			return err
		}
		if key == nil {
			err = CheckDepth(r, most-1)
		}
		if err == nil {
			err = CheckDepth(r, most-1)
		}
	}
	return err
}
