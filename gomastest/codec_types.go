package gomastest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

// meters is a custom type with simple data, way one whose data holds others,
// and parcel a struct of them.
type (
	meters float64
	way    struct{ legs []meters }
	parcel struct {
		Length meters
		Way    *way
		Parts  map[string]parcel
		When   time.Time
	}
)

var errMeters = errors.New("negative length")

func registerMeters(types *codec.Types) error {
	return codec.Register(types, func(m meters) (float64, error) {
		if m < 0 {
			return 0, errMeters
		}
		return float64(m), nil
	}, func(f float64) (meters, error) {
		if f > 1e6 {
			return 0, errMeters
		}
		return meters(f), nil
	})
}

// custom returns the types meters, way, parcel and time.Time.
func custom(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	if err := errors.Join(
		registerMeters(types),
		codec.Register(types,
			func(w way) ([]meters, error) { return w.legs, nil },
			func(legs []meters) (way, error) { return way{legs}, nil }),
		codec.RegisterStruct[parcel](types),
		codec.RegisterTime(types),
	); err != nil {
		t.Fatal(err)
	}
	return types
}

func (s suite) types(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	types := custom(t)
	m, w := meters(1.5), way{[]meters{1, 2.5}}
	for name, test := range map[string]value{
		"a value":               {v: m},
		"a pointer to one":      {v: &m, loose: m},
		"one within another":    {v: w},
		"in a list":             {v: []any{m, "x", w}},
		"in a typed list":       {v: []meters{1, 2}, loose: []any{meters(1), meters(2)}},
		"in a list of pointers": {v: []*meters{&m, nil}, loose: []any{m, nil}},
		"in an array":           {v: [1]way{w}, loose: []any{w}},
		"in a map":              {v: map[string]any{"a": m, "b": []any{w}}},
		"in a typed map":        {v: map[string]way{"a": w}, loose: map[string]any{"a": w}},
		"in a struct": {v: struct {
			M meters
			W *way
			X any
		}{m, &w, m}, loose: map[string]any{"M": m, "W": w, "X": m}},
	} {
		b := s.encode(t, test.v, types)
		want := test.loose
		if want == nil {
			want = test.v
		}
		if got := s.loose(t, b, types); !same(got, want) {
			t.Errorf("%s is %#v in an any, want %#v", name, got, want)
		}
		back := reflect.New(reflect.TypeOf(test.v))
		if err := s.c.Parse(b, back.Interface(), types); err != nil || !reflect.DeepEqual(back.Elem().Interface(), test.v) {
			t.Errorf("%s comes back as %#v, %v", name, back.Elem(), err)
		}
		var x any
		if err := s.c.Parse(b, &x, new(codec.Types)); !isSyntax(err) {
			t.Errorf("%s, where no type is known, is %v, error is %v (%T)", name, x, err, err)
		}
	}
}

func (s suite) failingTypes(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	types := custom(t)
	for _, v := range []any{meters(-1), []any{1, meters(-1)}, way{[]meters{1, -1}}, struct{ M meters }{-1}} {
		if b, err := s.c.Append(nil, v, types); !isUnsupported(err) || !errors.Is(err, errMeters) {
			t.Errorf("%v is %q, error is %v (%T)", v, b, err, err)
		}
	}
	for _, v := range []any{meters(2e6), []any{1, meters(2e6)}, way{[]meters{1, 2e6}}} {
		var x any
		if err := s.c.Parse(s.encode(t, v, types), &x, types); !isMismatch(err) || !errors.Is(err, errMeters) {
			t.Errorf("%v is %v, error is %v (%T)", v, x, err, err)
		}
	}
	for name, test := range map[string]struct{ v, into any }{
		"a custom type for a float":         {meters(1), new(float64)},
		"one for another":                   {meters(1), new(way)},
		"one for a struct":                  {meters(1), new(record)},
		"one for a map":                     {meters(1), new(map[string]any)},
		"a plain number for a custom type":  {1.5, new(meters)},
		"a plain map for one":               {map[string]any{"a": 1}, new(meters)},
		"one in a list of another":          {[]any{meters(1)}, new([]way)},
		"data that does not fit (a parcel)": {parcel{Length: 2e6}, new(parcel)},
	} {
		if err := s.c.Parse(s.encode(t, test.v, types), test.into, types); !isMismatch(err) {
			t.Errorf("%s: error is %v (%T)", name, err, err)
		}
	}
}

func (s suite) registered(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	types := custom(t)
	date := time.Date(2010, 3, 27, 0, 0, 0, 789_000, time.UTC)
	small := parcel{Length: 2, When: date, Way: &way{[]meters{1}}}
	large := parcel{Length: 3, When: date, Parts: map[string]parcel{"a": small, "b": {When: date}}}
	for _, want := range []any{date, small, large, []any{large, date}} {
		b := s.encode(t, want, types)
		if got := s.loose(t, b, types); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v is %+v in an any", want, got)
		}
		back := reflect.New(reflect.TypeOf(want))
		if err := s.c.Parse(b, back.Interface(), types); err != nil || !reflect.DeepEqual(back.Elem().Interface(), want) {
			t.Errorf("%+v comes back as %+v, %v", want, back.Elem(), err)
		}
	}
}

func (s suite) reservedKey(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	for _, v := range []any{
		map[string]any{codec.TypeKey: 1},
		map[string]any{codec.TypeKey: []any{0, 1.5}},
		[]any{map[string]int{"a": 1, codec.TypeKey: 2}},
	} {
		if b, err := s.c.Append(nil, v, custom(t)); !isUnsupported(err) {
			t.Errorf("%v is %q, error is %v (%T)", v, b, err, err)
		}
	}
}

func (s suite) orderedMaps(t *testing.T) {
	if s.lacks.NoOrder {
		return
	}
	want := codec.Map{{Key: "b", Value: int64(1)}, {Key: "a", Value: []any{codec.Map{{Key: "z", Value: nil}, {Key: "y", Value: "x"}}}}, {Key: "c", Value: codec.Map{}}}
	var got codec.Map
	if err := s.c.Parse(s.encode(t, want, nil), &got, nil); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
