package json

import (
	"math"
	"math/big"
	"strconv"

	"github.com/gomas/gomas/internal/value"
)

// maxDigits is the largest integer, in digits, that Python parses. The time
// to parse one grows with the square of its length.
const maxDigits = 4300

// number is a number as it was scanned.
type number struct {
	text     []byte
	negative bool
	float    bool
	word     bool // NaN or an infinity
	digits   int
	mantissa uint64 // all digits, if they are at most 19
	exponent int    // of ten
}

// scanNumber goes on behind a number.
func (r *reader) scanNumber() (n number, err error) {
	src, pos := r.src, r.pos
	if pos < len(src) && src[pos] == '-' {
		n.negative = true
		pos++
	}
	if pos < len(src) && (src[pos] == 'I' || src[pos] == 'N' && !n.negative) {
		start := r.pos
		r.pos = pos
		word := "Infinity"
		if src[pos] == 'N' {
			word = "NaN"
		}
		err := r.literal(word)
		return number{text: src[start:r.pos], negative: n.negative, word: true, float: true}, err
	}
	whole := pos
	for ; pos < len(src) && src[pos]-'0' <= 9; pos++ {
		n.mantissa = n.mantissa*10 + uint64(src[pos]-'0')
	}
	n.digits = pos - whole
	if n.digits == 0 || n.digits > 1 && src[whole] == '0' {
		return n, r.fail("invalid number", r.pos)
	}
	if pos < len(src) && src[pos] == '.' {
		n.float = true
		pos++
		fraction := pos
		for ; pos < len(src) && src[pos]-'0' <= 9; pos++ {
			n.mantissa = n.mantissa*10 + uint64(src[pos]-'0')
		}
		if pos == fraction {
			return n, r.fail("invalid number", r.pos)
		}
		n.digits += pos - fraction
		n.exponent = fraction - pos
	}
	if pos < len(src) && src[pos]|0x20 == 'e' {
		n.float = true
		pos++
		negative := false
		if pos < len(src) && (src[pos] == '-' || src[pos] == '+') {
			negative = src[pos] == '-'
			pos++
		}
		first, e := pos, 0
		for ; pos < len(src) && src[pos]-'0' <= 9; pos++ {
			e = min(e*10+int(src[pos]-'0'), 100_000)
		}
		if pos == first {
			return n, r.fail("invalid number", r.pos)
		}
		if negative {
			e = -e
		}
		n.exponent += e
	}
	if !n.float && n.digits > maxDigits {
		return n, r.fail("integer of more than "+strconv.Itoa(maxDigits)+" digits", r.pos)
	}
	n.text = src[r.pos:pos]
	r.pos = pos
	return n, nil
}

func (r *reader) Number() (value.Number, error) {
	if i, ok := r.shortInt(); ok {
		return value.Int(i), nil
	}
	n, err := r.scanNumber()
	switch {
	case err != nil:
		return value.Number{}, err
	case n.float:
		return value.Float(n.toFloat()), nil
	case n.digits <= 18 || n.digits == 19 && n.mantissa <= math.MaxInt64:
		// 19 digits always fit a uint64.
		i := int64(n.mantissa)
		if n.negative {
			i = -i
		}
		return value.Int(i), nil
	case n.digits == 19 && !n.negative:
		return value.Uint(n.mantissa), nil
	}
	b, _ := new(big.Int).SetString(string(n.text), 10)
	return value.Big(b), nil
}

// shortInt goes on behind a number if it is an integer of few digits, as most
// are. Otherwise it stays where it is.
func (r *reader) shortInt() (i int64, ok bool) {
	b := r.src[r.pos:]
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	n := 0
	for ; n < len(b) && n < 18; n++ {
		digit := b[n] - '0'
		if digit > 9 {
			if b[n] == '.' || b[n]|0x20 == 'e' {
				return 0, false
			}
			break
		}
		i = i*10 + int64(digit)
	}
	if n == 0 || n == 18 || n > 1 && b[0] == '0' {
		return 0, false
	}
	r.pos += n
	if negative {
		r.pos++
		i = -i
	}
	return i, true
}

// exact are the powers of ten that a float64 holds exactly.
var exact = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// toFloat returns the float64 nearest to n, an infinity beyond all.
func (n *number) toFloat() float64 {
	switch {
	case n.word && n.text[0] == 'N':
		return math.NaN()
	case n.word && n.negative:
		return math.Inf(-1)
	case n.word:
		return math.Inf(1)
	}
	// One operation on exact operands rounds once, so the result is right.
	if n.digits <= 19 && n.mantissa <= 1<<53 && -len(exact) < n.exponent && n.exponent < len(exact) {
		f := float64(n.mantissa)
		if n.exponent < 0 {
			f /= exact[-n.exponent]
		} else {
			f *= exact[n.exponent]
		}
		if n.negative {
			f = -f
		}
		return f
	}
	f, _ := strconv.ParseFloat(string(n.text), 64) // the only error is ±Inf, as Python has it
	return f
}
