package local

import (
	"encoding/binary"
	"time"

	"github.com/gomas/gomas/transport"
)

// held is a queue of packets that wait for long: for their time to come, or for a
// partition to end. A frame has room for a much longer one, and there may be one
// for each agent that waits for a reply, so those that are not long are written
// one after another into large pieces of memory, and are frames again when they
// are taken out. The zero value is empty.
type held struct {
	pieces [][]byte // full, but for the last
	at     int      // what of the first has been taken out
	long   []*transport.Frame
	n      int // packets
}

// In a piece, a packet is the time when it was sent, and one of these or the
// length of the payload plus shortest, both as uvarints, and then the payload.
const (
	isEnd    = iota // the end of all frames
	isLong          // the first in the list of long ones
	shortest        // a payload of no bytes
)

const (
	mostShort  = 4 << 10  // bytes of a payload that is written into a piece
	firstPiece = 512      // bytes
	mostPiece  = 16 << 10 // each piece has twice the size of the one before, up to this
)

// add puts a packet at the end, whose frame must not be used any more.
func (h *held) add(p packet) {
	h.n++
	kind := uint64(isEnd)
	var short []byte
	switch {
	case p.frame == nil:
	case len(p.frame.Payload()) > mostShort:
		kind = isLong
		h.long = append(h.long, p.frame)
	default:
		short = p.frame.Payload()
		kind = shortest + uint64(len(short))
	}
	piece := h.room(2*binary.MaxVarintLen64 + len(short))
	*piece = binary.AppendUvarint(*piece, uint64(p.sent))
	*piece = binary.AppendUvarint(*piece, kind)
	*piece = append(*piece, short...)
	if kind >= shortest {
		p.frame.Free()
	}
}

// room returns a piece with room for so many bytes.
func (h *held) room(size int) *[]byte {
	next := firstPiece
	if n := len(h.pieces); n > 0 {
		last := &h.pieces[n-1]
		if cap(*last)-len(*last) >= size {
			return last
		}
		next = min(2*cap(*last), mostPiece)
		if len(*last) == 0 { // that was kept
			h.pieces = h.pieces[:n-1]
		}
	}
	h.pieces = append(h.pieces, make([]byte, 0, max(next, size)))
	return &h.pieces[len(h.pieces)-1]
}

// take takes the first packet out. There must be one.
func (h *held) take() packet {
	h.n--
	rest := h.pieces[0][h.at:]
	whole := len(rest)
	sent, n := binary.Uvarint(rest)
	rest = rest[n:]
	kind, n := binary.Uvarint(rest)
	rest = rest[n:]
	p := packet{sent: time.Duration(sent)}
	switch kind {
	case isEnd:
	case isLong:
		p.frame = h.long[0]
		h.long[0] = nil
		h.long = h.long[1:]
	default:
		p.frame = transport.NewFrame()
		p.frame.B = append(p.frame.B, rest[:kind-shortest]...)
		rest = rest[kind-shortest:]
	}
	h.at += whole - len(rest)
	switch {
	case len(rest) > 0:
	case h.n == 0 && cap(h.pieces[0]) == firstPiece: // kept for the next
		h.pieces, h.at = append(h.pieces[:0], h.pieces[0][:0]), 0
	case h.n == 0:
		*h = held{}
	default:
		h.pieces[0] = nil
		h.pieces, h.at = h.pieces[1:], 0
	}
	return p
}
