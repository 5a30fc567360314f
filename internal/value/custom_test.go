package value_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

type point struct{ x, y int }

func (p point) String() string { return fmt.Sprint(p.x, "/", p.y) }

// line holds values of another custom type.
type line struct{ from, to point }

// ref is a custom type that is a pointer.
type ref struct{ path string }

type shape interface{ String() string }

// customTypes are, in this order: point, line, *ref, time.Time.
func customTypes(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	for _, err := range []error{
		codec.Register(types, func(p point) ([2]int, error) {
			if p.x < 0 {
				return [2]int{}, errors.New("left of the world")
			}
			return [2]int{p.x, p.y}, nil
		}, func(xy [2]int) (point, error) {
			if xy[0] < 0 {
				return point{}, errors.New("left of the world")
			}
			return point{xy[0], xy[1]}, nil
		}),
		codec.Register(types, func(l line) (map[string]point, error) {
			return map[string]point{"from": l.from, "to": l.to}, nil
		}, func(ends map[string]point) (line, error) {
			return line{ends["from"], ends["to"]}, nil
		}),
		codec.Register(types, func(r *ref) (string, error) { return r.path, nil }, func(path string) (*ref, error) {
			if path == "" {
				return nil, nil
			}
			return &ref{path}, nil
		}),
		codec.RegisterTime(types),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return types
}

func TestCustomTypesTravelAsPairs(t *testing.T) {
	types := customTypes(t)
	type holder struct {
		P    point
		Q    *point
		L    []line
		Ref  *ref
		M    map[string]point
		Any  any
		S    shape
		When time.Time
	}
	when := time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)
	full := holder{point{1, 2}, &point{3, 4}, []line{{point{5, 6}, point{7, 8}}}, &ref{"a"}, map[string]point{"k": {9, 0}}, point{1, 1}, point{2, 2}, when}
	for name, test := range map[string]struct {
		v, want any // want is what an any gets
	}{
		"a value":            {point{1, 2}, point{1, 2}},
		"a pointer to one":   {&point{1, 2}, point{1, 2}},
		"a pointer type":     {&ref{"x"}, &ref{"x"}},
		"nil of one":         {(*ref)(nil), nil},
		"one within another": {line{point{1, 2}, point{3, 4}}, line{point{1, 2}, point{3, 4}}},
		"in a list":          {[]any{point{1, 2}, 5}, []any{point{1, 2}, int64(5)}},
		"in a typed list":    {[]point{{1, 2}}, []any{point{1, 2}}},
		"in a map":           {map[string]any{"a": &point{1, 2}}, map[string]any{"a": point{1, 2}}},
		"in an ordered map":  {codec.Map{{Key: "a", Value: point{1, 2}}}, map[string]any{"a": point{1, 2}}},
		"a date":             {when, when},
		"everywhere in a struct": {full, map[string]any{
			"P": point{1, 2}, "Q": point{3, 4}, "L": []any{line{point{5, 6}, point{7, 8}}}, "Ref": &ref{"a"},
			"M": map[string]any{"k": point{9, 0}}, "Any": point{1, 1}, "S": point{2, 2}, "When": when,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				b := encode(t, c, test.v, types)
				var got any
				if err := c.Parse(b, &got, types); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("%s is %#v, want %#v", show(c, b), got, test.want)
				}
				back := reflect.New(reflect.TypeOf(test.v))
				if err := c.Parse(b, back.Interface(), types); err != nil {
					t.Fatal(err)
				}
				if again := encode(t, c, back.Interface(), types); string(again) != string(b) {
					t.Errorf("%s comes back as %s", show(c, b), show(c, again))
				}
			})
		})
	}
}

// pair makes what travels for a custom type.
func pair(id, data any) codec.Map { return codec.Map{{Key: "x", Value: []any{id, data}}} }

// encodePair encodes v with each key "x" turned to "__type__", which no codec
// sends otherwise.
func encodePair(t *testing.T, c codec.Codec, v any) []byte {
	t.Helper()
	b := string(encode(t, c, v, nil))
	if c.Name() == "json" {
		return []byte(strings.ReplaceAll(b, `"x": `, `"__type__": `))
	}
	return []byte(strings.ReplaceAll(b, "\xa1x", "\xa8__type__"))
}

func TestAPairThatCannotBeDecodedIsASyntaxError(t *testing.T) {
	types := customTypes(t)
	for name, v := range map[string]any{
		"unknown id":       pair(4, 0),
		"negative id":      pair(-1, 0),
		"id that is no id": pair("0", 0),
		"fraction":         pair(0.5, 0),
		"no list":          map[string]any{"x": 1},
		"nil":              map[string]any{"x": nil},
		"empty list":       map[string]any{"x": []any{}},
		"no data":          map[string]any{"x": []any{0}},
		"too much":         map[string]any{"x": []any{0, []int{1, 2}, 3}},
		"inside data":      pair(1, map[string]any{"from": pair(9, 0)}),
		"inside a list":    []any{1, pair(7, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				var got any
				err := c.Parse(encodePair(t, c, v), &got, types)
				var syntax *codec.SyntaxError
				if !errors.As(err, &syntax) {
					t.Errorf("error is %v (%T)", err, err)
				}
			})
		})
	}
}

func TestAPairThatDoesNotFitSaysWhy(t *testing.T) {
	types := customTypes(t)
	var swallow codec.Types
	err := swallow.Add(codec.Type{
		Go:     reflect.TypeFor[point](),
		Encode: func(any) (any, error) { return 0, nil },
		Decode: func(parse func(any) error) (any, error) {
			var s string
			_ = parse(&s)
			return point{}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var nonsense codec.Types
	err = nonsense.Add(codec.Type{
		Go:     reflect.TypeFor[point](),
		Encode: func(any) (any, error) { return 0, nil },
		Decode: func(func(any) error) (any, error) { return 5, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	var twice codec.Types
	err = twice.Add(codec.Type{
		Go:     reflect.TypeFor[point](),
		Encode: func(any) (any, error) { return 0, nil },
		Decode: func(parse func(any) error) (any, error) {
			var x any
			return point{}, errors.Join(parse(&x), parse(&x))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		v     any
		into  any
		types *codec.Types
		want  string
	}{
		"another custom type":         {pair(2, "a"), new(point), types, "*value_test.ref does not fit value_test.point"},
		"for a text":                  {pair(0, []int{1, 2}), new(string), types, "value_test.point does not fit string"},
		"for a struct":                {pair(0, []int{1, 2}), new(node), types, "value_test.point does not fit value_test.node"},
		"for a map":                   {[]any{pair(0, []int{1, 2})}, new([]map[string]any), types, "[0]: value_test.point does not fit map[string]interface {}"},
		"for a typed map":             {pair(0, []int{1, 2}), new(map[string]int), types, "value_test.point does not fit map[string]int"},
		"for an ordered map":          {pair(0, []int{1, 2}), new(codec.Map), types, "value_test.point does not fit codec.Map"},
		"for an interface":            {pair(2, "a"), new(shape), types, "*value_test.ref does not fit value_test.shape"},
		"a plain value":               {[]int{1, 2}, new(point), types, "list does not fit value_test.point"},
		"a plain number":              {3, new(point), types, "integer 3 does not fit value_test.point"},
		"a plain map":                 {map[string]any{"y": 1}, new(point), types, "plain map does not fit value_test.point: it is a custom type here, and must be registered with the sender, too"},
		"nil":                         {nil, new(point), types, "nil does not fit value_test.point"},
		"data of another type":        {pair(0, "x"), new(any), types, "data does not fit value_test.point: string does not fit [2]int"},
		"data that is refused":        {[]any{pair(0, []int{-1, 2})}, new(any), types, "[0]: data does not fit value_test.point: left of the world"},
		"data inside data":            {map[string]any{"l": pair(1, map[string]any{"to": pair(0, 5)})}, new(any), types, "l: data does not fit value_test.line: to: data does not fit value_test.point: integer 5 does not fit [2]int"},
		"an error that is overlooked": {[]any{pair(0, 5), 6}, new(any), &swallow, "[0]: data does not fit value_test.point: integer 5 does not fit string"},
		"a value of another type":     {pair(0, 5), new(point), &nonsense, "data does not fit value_test.point: decoded as int"},
		"data that is parsed twice":   {pair(0, 5), new(point), &twice, "data does not fit value_test.point: the data of a custom type can be parsed only once"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				err := c.Parse(encodePair(t, c, test.v), test.into, test.types)
				var mismatch *codec.MismatchError
				if !errors.As(err, &mismatch) || err.Error() != test.want {
					t.Errorf("error is %v (%T), want %s", err, err, test.want)
				}
			})
		})
	}
}

func TestCustomTypesThatCannotBeSent(t *testing.T) {
	types := customTypes(t)
	if err := codec.Register(types, func(n node) (node, error) { return n, nil }, func(n node) (node, error) { return n, nil }); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c codec.Codec) {
		for _, test := range []struct {
			v    any
			want string
		}{
			{[]any{point{-1, 0}}, "cannot encode value_test.point as " + c.Name() + " (at [0]): left of the world"},
			{node{}, "cannot encode value_test.node as " + c.Name() + ": nested more than 1000 deep, or within itself"},
		} {
			_, err := c.Append(nil, test.v, types)
			var unsupported *codec.UnsupportedError
			if !errors.As(err, &unsupported) || err.Error() != test.want {
				t.Errorf("error is %v (%T), want %s", err, err, test.want)
			}
		}
	})
}

func TestFurtherKeysOfAPairAreIgnored(t *testing.T) {
	types := customTypes(t)
	each(t, func(t *testing.T, c codec.Codec) {
		b := encodePair(t, c, []any{codec.Map{{Key: "x", Value: []any{0, []int{1, 2}}}, {Key: "y", Value: []any{1}}, {Key: 5, Value: nil}}, 3})
		var got []any
		if err := c.Parse(b, &got, types); err != nil || !reflect.DeepEqual(got, []any{point{1, 2}, int64(3)}) {
			t.Errorf("%s is %v, %v", show(c, b), got, err)
		}
	})
}

func TestTheReservedKeyBehindAnotherIsAnOrdinaryOne(t *testing.T) {
	each(t, func(t *testing.T, c codec.Codec) {
		b := encodePair(t, c, codec.Map{{Key: "a", Value: 1}, {Key: "x", Value: 2}})
		var got any
		if err := c.Parse(b, &got, nil); err != nil || !reflect.DeepEqual(got, map[string]any{"a": int64(1), "__type__": int64(2)}) {
			t.Errorf("%s is %v, %v", show(c, b), got, err)
		}
	})
}

func TestACustomTypeMayDecodeToNil(t *testing.T) {
	types := customTypes(t)
	type iface interface{ any }
	each(t, func(t *testing.T, c codec.Codec) {
		b := encodePair(t, c, pair(2, "")) // a nil *ref
		typed, loose, named := &ref{"before"}, any("before"), iface("before")
		for _, into := range []any{&typed, &loose, &named} {
			if err := c.Parse(b, into, types); err != nil {
				t.Fatal(err)
			}
		}
		if r, ok := loose.(*ref); typed != nil || !ok || r != nil || named.(*ref) != nil {
			t.Errorf("got %v, %v, %v", typed, loose, named)
		}
	})
}

func TestDataMayStayRaw(t *testing.T) {
	types := new(codec.Types)
	if err := codec.Register(types, func(r ref) (codec.Raw, error) { return codec.Raw(r.path), nil }, func(raw codec.Raw) (ref, error) { return ref{string(raw)}, nil }); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c codec.Codec) {
		want := ref{string(encode(t, c, []any{1, "a"}, nil))}
		var got any
		if err := c.Parse(encode(t, c, want, types), &got, types); err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}

func TestTypesWithoutANameMayBeCustomTypes(t *testing.T) {
	types := new(codec.Types)
	if err := errors.Join(
		codec.Register(types, func(s struct{ A, B int }) (int, error) { return s.A*10 + s.B, nil }, func(n int) (struct{ A, B int }, error) { return struct{ A, B int }{n / 10, n % 10}, nil }),
		codec.Register(types, func(l []color) (string, error) { return fmt.Sprint(len(l)), nil }, func(s string) ([]color, error) { return []color{color(s)}, nil }),
		codec.Register(types, func(c complex128) ([2]float64, error) { return [2]float64{real(c), imag(c)}, nil }, func(c [2]float64) (complex128, error) { return complex(c[0], c[1]), nil }),
	); err != nil {
		t.Fatal(err)
	}
	sent := []any{struct{ A, B int }{1, 2}, []color{"a", "b", "c"}, 1 + 2i, []complex128{3i}}
	want := []any{struct{ A, B int }{1, 2}, []color{"3"}, 1 + 2i, []any{3i}}
	each(t, func(t *testing.T, c codec.Codec) {
		var got []any
		if err := c.Parse(encode(t, c, sent, types), &got, types); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}
