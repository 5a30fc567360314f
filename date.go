package gomas

import (
	"fmt"
	"math"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// registerDate registers time.Time as aiomas's containers do: as text in ISO
// 8601, or, coming in, as seconds since 1970.
func registerDate(types *codec.Types) error {
	return codec.Register(types, func(t time.Time) (any, error) {
		text, err := value.AppendTime(nil, t)
		return string(text), err
	}, func(data any) (time.Time, error) {
		switch d := data.(type) {
		case string:
			return value.ParseTime(d)
		case int64:
			return time.Unix(d, 0).UTC(), nil
		case float64:
			whole, part := math.Modf(d)
			if math.Abs(whole) < 1e12 {
				return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
			}
		}
		return time.Time{}, fmt.Errorf("%v is no date", data)
	})
}
