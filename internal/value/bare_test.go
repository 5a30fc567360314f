package value_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

// A grid has a map for data, with its own type inside.
type grid struct {
	Name  string
	Parts []grid
}

// A tag is a pointer type whose data are of any type.
type tag struct{ data any }

// bareTypes are *tag, grid, time.Time and point, of which all but the last
// take bare data.
func bareTypes(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	for _, typ := range []codec.Type{
		{
			Go:     reflect.TypeFor[*tag](),
			Encode: func(v any) (any, error) { return v.(*tag).data, nil },
			Decode: func(parse func(any) error) (any, error) {
				x := new(tag)
				err := parse(&x.data)
				return x, err
			},
		},
		{
			Go:     reflect.TypeFor[grid](),
			Encode: func(v any) (any, error) { return struct{ Name string }{v.(grid).Name}, nil },
			Decode: func(parse func(any) error) (any, error) {
				var fields struct {
					Name  string
					Parts []grid
				}
				err := parse(&fields)
				if fields.Name == "bad" {
					err = errors.New("a bad name")
				}
				return grid(fields), err
			},
		},
	} {
		typ.Bare = true
		if err := types.Add(typ); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		codec.RegisterTime(types),
		codec.Register(types, func(p point) (int, error) { return p.x, nil }, func(x int) (point, error) { return point{x, 0}, nil }),
	); err != nil {
		t.Fatal(err)
	}
	return types
}

func TestBareDataIsTakenWhereItsTypeIsWanted(t *testing.T) {
	types := bareTypes(t)
	date := time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct{ v, want any }{
		"a date as text":              {"2010-03-27T00:00:00Z", date},
		"a date as seconds":           {int64(1269648000), date},
		"a date as a float":           {1269648000.5, date.Add(time.Second / 2)},
		"a date in a list":            {[]any{"2010-03-27", date}, []time.Time{date, date}},
		"a date in a field":           {map[string]any{"A": "2010-03-27"}, struct{ A time.Time }{date}},
		"a date as the key's value":   {map[string]any{"a": "2010-03-27"}, map[string]time.Time{"a": date}},
		"a date behind a pointer":     {"2010-03-27", &date},
		"a map":                       {map[string]any{"Name": "a", "More": []any{1}}, grid{Name: "a"}},
		"an empty map":                {map[string]any{}, grid{}},
		"a map of maps":               {map[string]any{"Name": "a", "Parts": []any{map[string]any{"Name": "b"}, grid{Name: "c"}}}, grid{"a", []grid{{Name: "b"}, {Name: "c"}}}},
		"a map between others":        {[]any{map[string]any{"Name": "a"}, map[string]any{}, map[string]any{"Name": "c"}}, []grid{{Name: "a"}, {}, {Name: "c"}}},
		"a map with keys of integers": {map[int]any{1: nil}, &tag{map[string]any{"1": nil}}},
		"a bool":                      {true, &tag{true}},
		"a text":                      {"x", &tag{"x"}},
		"a list":                      {[]any{int64(1)}, &tag{[]any{int64(1)}}},
		"another custom type":         {[]any{point{1, 0}}, &tag{[]any{point{1, 0}}}},
		"nil, where it fits":          {nil, (*tag)(nil)},
		"the pair":                    {&tag{"x"}, &tag{"x"}},
		"into an any, plain data":     {[]any{"2010-03-27", map[string]any{"Name": "a"}}, []any{"2010-03-27", map[string]any{"Name": "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				want := test.want
				if name == "a map with keys of integers" && c.Name() == "msgpack" {
					want = &tag{map[any]any{int64(1): nil}}
				}
				b := encode(t, c, test.v, types)
				got := reflect.New(reflect.TypeOf(want))
				if err := c.Parse(b, got.Interface(), types); err != nil || !reflect.DeepEqual(got.Elem().Interface(), want) {
					t.Errorf("%s is %v, %v, want %v", show(c, b), got.Elem(), err, want)
				}
			})
		})
	}
}

func TestBareDataThatDoesNotFitSaysWhy(t *testing.T) {
	types := bareTypes(t)
	for name, test := range map[string]struct {
		v    any
		into any
		want string
	}{
		"no date":                        {"x", new(time.Time), "string does not fit time.Time: no date in ISO 8601"},
		"a list for a date":              {[]any{[]int{1}}, new([]time.Time), "[0]: list does not fit time.Time: []interface {} is no date"},
		"nil for a date":                 {nil, new(time.Time), "nil does not fit time.Time: <nil> is no date"},
		"a list for a map":               {[]int{1}, new(grid), "list does not fit value_test.grid: list does not fit struct { Name string; Parts []value_test.grid }"},
		"what Decode refuses":            {map[string]any{"Name": "bad"}, new(grid), "map does not fit value_test.grid: a bad name"},
		"deep inside":                    {map[string]any{"Parts": []any{map[string]any{"Name": 1}}}, new(grid), "map does not fit value_test.grid: Parts[0]: map does not fit value_test.grid: Name: integer 1 does not fit string"},
		"a type that wants pairs":        {5, new(point), "integer 5 does not fit value_test.point"},
		"a map for one":                  {map[string]int{"a": 5}, new(point), "plain map does not fit value_test.point: it is a custom type here, and must be registered with the sender, too"},
		"the pair of another":            {pair(3, 5), new(grid), "value_test.point does not fit value_test.grid"},
		"a pair whose data does not fit": {pair(1, 5), new(grid), "data does not fit value_test.grid: integer 5 does not fit struct { Name string; Parts []value_test.grid }"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				err := c.Parse(encodePair(t, c, test.v), test.into, types)
				var mismatch *codec.MismatchError
				if !errors.As(err, &mismatch) || err.Error() != test.want {
					t.Errorf("error is %v (%T), want %s", err, err, test.want)
				}
			})
		})
	}
}

func TestBareMapsAreNestedAsDeepAsOthers(t *testing.T) {
	types := bareTypes(t)
	var v any = map[string]any{"Name": "innermost"}
	depth := 1
	for ; depth+2 <= codec.MaxDepth; depth += 2 { // a list and a map
		v = map[string]any{"Parts": []any{v}}
	}
	each(t, func(t *testing.T, c codec.Codec) {
		var got grid
		if err := c.Parse(encode(t, c, v, nil), &got, types); err != nil {
			t.Fatalf("%d deep: %v", depth, err)
		}
		for len(got.Parts) == 1 {
			got = got.Parts[0]
		}
		if got.Name != "innermost" {
			t.Errorf("ends in %v", got)
		}
	})
}

func TestATypeThatIsItsOwnBareDataIsAnError(t *testing.T) {
	types := new(codec.Types)
	if err := types.Add(codec.Type{
		Go:     reflect.TypeFor[point](),
		Bare:   true,
		Encode: func(v any) (any, error) { return codec.Bare{Value: v}, nil },
		Decode: func(parse func(any) error) (any, error) {
			var p point
			err := parse(&p)
			return p, err
		},
	}); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c codec.Codec) {
		for _, v := range []any{5, map[string]any{"a": 1}} {
			var got point
			var mismatch *codec.MismatchError
			if err := c.Parse(encode(t, c, v, nil), &got, types); !errors.As(err, &mismatch) {
				t.Errorf("%v is %v, error is %.100v (%T)", v, got, err, err)
			}
		}
		var unsupported *codec.UnsupportedError
		if _, err := c.Append(nil, point{1, 2}, types); !errors.As(err, &unsupported) {
			t.Errorf("error is %.100v (%T)", err, err)
		}
	})
}

func TestDataMayBeSentBare(t *testing.T) {
	types := new(codec.Types)
	if err := types.Add(codec.Type{
		Go: reflect.TypeFor[point](),
		Encode: func(v any) (any, error) {
			if p := v.(point); p.x != 0 {
				return codec.Bare{Value: map[string]any{"x": p.x, "y": &point{0, p.y}}}, nil
			}
			return v.(point).y, nil
		},
		Decode: func(func(any) error) (any, error) { return point{}, nil },
	}); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c codec.Codec) {
		got := encode(t, c, []any{point{1, 2}, point{0, 3}}, types)
		want := []byte(`[{"x": 1, "y": {"__type__": [0, 2]}}, {"__type__": [0, 3]}]`)
		if c.Name() == "msgpack" {
			want = []byte("\x92\x82\xa1x\x01\xa1y\x81\xa8__type__\x92\x00\x02\x81\xa8__type__\x92\x00\x03")
		}
		if string(got) != string(want) {
			t.Errorf("got %s, want %s", show(c, got), show(c, want))
		}
	})
}
