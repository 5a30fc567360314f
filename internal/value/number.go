package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/gomas/gomas/codec"
)

// Number is an integer of any size or a float.
type Number struct {
	kind numberKind
	bits uint64
	big  *big.Int
}

type numberKind uint8

const (
	isInt  numberKind = iota
	isUint            // above the range of int64
	isBig             // beyond the ranges of int64 and uint64
	isFloat
)

// Int is the number i.
func Int(i int64) Number { return Number{kind: isInt, bits: uint64(i)} }

// Uint is the number u.
func Uint(u uint64) Number {
	if u > math.MaxInt64 {
		return Number{kind: isUint, bits: u}
	}
	return Int(int64(u))
}

// Big is the number b, which must not be changed any more.
func Big(b *big.Int) Number {
	switch {
	case b.IsInt64():
		return Int(b.Int64())
	case b.IsUint64():
		return Uint(b.Uint64())
	}
	return Number{kind: isBig, big: b}
}

// Float is the number f.
func Float(f float64) Number { return Number{kind: isFloat, bits: math.Float64bits(f)} }

// Any returns n as an int64, uint64, *big.Int or float64.
func (n Number) Any() any {
	switch n.kind {
	case isInt:
		return int64(n.bits)
	case isUint:
		return n.bits
	case isBig:
		return n.big
	}
	return math.Float64frombits(n.bits)
}

// Int64 returns n if it is integral and in range.
func (n Number) Int64() (i int64, ok bool) {
	switch n.kind {
	case isInt:
		return int64(n.bits), true
	case isFloat:
		// The bounds are powers of two, and exact; the upper is out of range.
		if f := math.Float64frombits(n.bits); f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
			return int64(f), true
		}
	}
	return 0, false
}

// Uint64 returns n if it is integral and in range.
func (n Number) Uint64() (u uint64, ok bool) {
	switch n.kind {
	case isInt:
		return n.bits, int64(n.bits) >= 0
	case isUint:
		return n.bits, true
	case isFloat:
		if f := math.Float64frombits(n.bits); f == math.Trunc(f) && f >= 0 && f < 1<<64 {
			return uint64(f), true
		}
	}
	return 0, false
}

// Float64 returns n, rounded to the nearest float. Integers that are beyond
// all floats are not ok.
func (n Number) Float64() (f float64, ok bool) {
	switch n.kind {
	case isInt:
		return float64(int64(n.bits)), true
	case isUint:
		return float64(n.bits), true
	case isBig:
		f, _ := new(big.Float).SetInt(n.big).Float64()
		return f, !math.IsInf(f, 0)
	}
	return math.Float64frombits(n.bits), true
}

// BigInt returns n if it is integral.
func (n Number) BigInt() (b *big.Int, ok bool) {
	switch n.kind {
	case isInt:
		return big.NewInt(int64(n.bits)), true
	case isUint:
		return new(big.Int).SetUint64(n.bits), true
	case isBig:
		return n.big, true
	}
	f := math.Float64frombits(n.bits)
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return nil, false
	}
	b, _ = big.NewFloat(f).Int(nil)
	return b, true
}

// String describes n in an error: "integer 300".
func (n Number) String() string {
	switch n.kind {
	case isInt:
		return "integer " + strconv.FormatInt(int64(n.bits), 10)
	case isUint:
		return "integer " + strconv.FormatUint(n.bits, 10)
	case isBig:
		if n.big.BitLen() > 128 {
			return fmt.Sprintf("integer of %d bits", n.big.BitLen())
		}
		return "integer " + n.big.String()
	}
	return "float " + strconv.FormatFloat(math.Float64frombits(n.bits), 'g', -1, 64)
}

// time returns the time that is n seconds after 1970.
func (n Number) time() (t time.Time, ok bool) {
	f, ok := n.Float64()
	if !ok {
		return time.Time{}, false
	}
	return codec.TimeOf(f)
}
