package codec

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// AppendTime appends t in ISO 8601 as Python writes it:
// 2010-03-27T00:00:00+01:00, with six digits of a second if it has a fraction,
// nine if it has nanoseconds. The offset of UTC is +00:00. Years outside 1 to
// 9999 are an error.
func AppendTime(dst []byte, t time.Time) ([]byte, error) {
	if t.Year() < 1 || t.Year() > 9999 {
		return dst, fmt.Errorf("year %d is outside 1 to 9999", t.Year())
	}
	layout := "2006-01-02T15:04:05"
	switch ns := t.Nanosecond(); {
	case ns%1000 != 0:
		layout += ".000000000"
	case ns != 0:
		layout += ".000000"
	}
	dst = t.AppendFormat(dst, layout)
	_, offset := t.Zone()
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = fmt.Appendf(dst, "%c%02d:%02d", sign, offset/3600, offset/60%60)
	if seconds := offset % 60; seconds != 0 {
		dst = fmt.Appendf(dst, ":%02d", seconds)
	}
	return dst, nil
}

var errTime = errors.New("no date in ISO 8601")

// ParseTime parses a date in ISO 8601: what [AppendTime] writes, and the other
// forms that Python accepts: an offset of Z, +01, +0100 or none at all (UTC),
// the basic form 20100327T000000Z, a blank instead of the T, a date alone.
// Fractions are cut to nanoseconds.
func ParseTime(text string) (time.Time, error) {
	s := scanner{rest: text}
	year := s.digits(4)
	extended := s.accept("-")
	month := s.digits(2)
	if extended && !s.accept("-") {
		return time.Time{}, errTime
	}
	day := s.digits(2)
	var hour, minute, second, nano int
	zone := time.UTC
	if s.accept("T") || s.accept(" ") {
		hour, minute, second = s.clock()
		nano = s.fraction()
		zone = s.zone()
	}
	if s.bad || s.rest != "" {
		return time.Time{}, errTime
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, zone)
	// Date carries over what is out of range: the 31st of June is one.
	if year < 1 || t.Year() != year || t.Month() != time.Month(month) || t.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, errTime
	}
	return t, nil
}

// TimeOf returns the time that is a number of seconds after 1970, in UTC. It
// is false outside of the years 1 to 9999.
func TimeOf(seconds float64) (t time.Time, ok bool) {
	if !(seconds >= -62135596800 && seconds < 253402300800) {
		return time.Time{}, false
	}
	whole := math.Floor(seconds)
	micro := math.Round((seconds - whole) * 1e6) // about what a float64 can tell today
	return time.Unix(int64(whole), int64(micro)*1000).UTC(), true
}

// RegisterTime registers time.Time as aiomas registers dates: sent as text in
// ISO 8601 and read from that, or from seconds after 1970. A variable for a
// date also takes these without the pair, since a peer that does not know the
// type for dates sends the same text.
func RegisterTime(types *Types) error {
	t := typeOf(func(t time.Time) (any, error) {
		text, err := AppendTime(nil, t)
		return string(text), err
	}, timeOf)
	t.Bare = true
	return types.Add(t)
}

// timeOf makes a date of its data.
func timeOf(data any) (time.Time, error) {
	var seconds float64
	switch d := data.(type) {
	case string:
		return ParseTime(d)
	case int64:
		seconds = float64(d)
	case float64:
		seconds = d
	default:
		return time.Time{}, fmt.Errorf("%T is no date", data)
	}
	t, ok := TimeOf(seconds)
	if !ok {
		return time.Time{}, fmt.Errorf("%v seconds after 1970 is no date", seconds)
	}
	return t, nil
}

// scanner reads the parts of a date. After something else than expected it is
// bad, and the results mean nothing.
type scanner struct {
	rest string
	bad  bool
}

func (s *scanner) accept(prefix string) bool {
	rest, ok := strings.CutPrefix(s.rest, prefix)
	s.rest = rest
	return ok
}

// isDigit reports whether a digit is next.
func (s *scanner) isDigit() bool {
	return s.rest != "" && '0' <= s.rest[0] && s.rest[0] <= '9'
}

// digits reads a number of n digits.
func (s *scanner) digits(n int) (x int) {
	for range n {
		if !s.isDigit() {
			s.bad = true
			return 0
		}
		x = 10*x + int(s.rest[0]-'0')
		s.rest = s.rest[1:]
	}
	return x
}

// clock reads 15, 15:04, 15:04:05, 1504 or 150405.
func (s *scanner) clock() (hour, minute, second int) {
	hour = s.digits(2)
	colon := s.accept(":")
	if !colon && !s.isDigit() {
		return hour, 0, 0
	}
	minute = s.digits(2)
	if colon && s.accept(":") || !colon && s.isDigit() {
		second = s.digits(2)
	}
	return hour, minute, second
}

// fraction reads the digits after a point or comma, as nanoseconds.
func (s *scanner) fraction() (nano int) {
	if !s.accept(".") && !s.accept(",") {
		return 0
	}
	if !s.isDigit() {
		s.bad = true
	}
	for unit := 100_000_000; s.isDigit(); unit /= 10 {
		nano += unit * s.digits(1)
	}
	return nano
}

// zone reads an offset, or none.
func (s *scanner) zone() *time.Location {
	sign := 1
	switch {
	case s.rest == "" || s.accept("Z"):
		return time.UTC
	case s.accept("-"):
		sign = -1
	case !s.accept("+"):
		s.bad = true
	}
	hour, minute, second := s.clock()
	s.bad = s.bad || hour > 23 || minute > 59 || second > 59
	offset := hour*3600 + minute*60 + second
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", sign*offset)
}
