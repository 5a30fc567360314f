package gomastest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

// link is a custom type as which *node and label are sent, and which takes
// bare data; some links are sent as such.
type (
	link  struct{ To string }
	label string
	node  struct {
		mu   sync.Mutex // so that nobody copies it
		name string
	}
)

// bareLink is sent without its pair.
const bareLink = "bare"

func links(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := types.Add(codec.Type{
		Go:   reflect.TypeFor[link](),
		Also: []reflect.Type{reflect.TypeFor[*node](), reflect.TypeFor[label]()},
		Bare: true,
		Encode: func(v any) (any, error) {
			to := ""
			switch v := v.(type) {
			case link:
				to = v.To
			case *node:
				v.mu.Lock()
				to = v.name
				v.mu.Unlock()
			case label:
				to = string(v)
			}
			data := map[string]any{"to": to}
			if to == bareLink {
				return codec.Bare{Value: data}, nil
			}
			return data, nil
		},
		Decode: func(parse func(any) error) (any, error) {
			var data map[string]string
			err := parse(&data)
			return link{data["to"]}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := codec.RegisterTime(types); err != nil {
		t.Fatal(err)
	}
	return types
}

func (s suite) further(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	types := links(t)
	n, l := &node{name: "n"}, label("l")
	for name, test := range map[string]value{
		"a pointer type":     {v: n, loose: link{"n"}},
		"a pointer to that":  {v: &n, loose: link{"n"}},
		"another type":       {v: l, loose: link{"l"}},
		"a pointer to it":    {v: &l, loose: link{"l"}},
		"several in a list":  {v: []any{n, l, link{"x"}}, loose: []any{link{"n"}, link{"l"}, link{"x"}}},
		"nil in a list":      {v: []*node{nil, n}, loose: []any{nil, link{"n"}}},
		"one in a map":       {v: map[string]*node{"a": n}, loose: map[string]any{"a": link{"n"}}},
		"several in structs": {v: struct{ A, B any }{n, struct{ L label }{l}}, loose: map[string]any{"A": link{"n"}, "B": map[string]any{"L": link{"l"}}}},
	} {
		if got := s.loose(t, s.encode(t, test.v, types), types); !same(got, test.loose) {
			t.Errorf("%s is %#v in an any, want %#v", name, got, test.loose)
		}
	}
	for _, test := range []struct{ v, into any }{{n, new(*node)}, {l, new(label)}, {[]any{n}, new([]*node)}, {[]any{"x"}, new([]label)}, {map[string]any{"to": "x"}, new(*node)}} {
		if err := s.c.Parse(s.encode(t, test.v, types), test.into, types); !isMismatch(err) {
			t.Errorf("%v into a %T: error is %v (%T)", test.v, test.into, err, err)
		}
	}
	if got := s.loose(t, s.encode(t, (*node)(nil), types), types); got != nil {
		t.Errorf("nil of a pointer type is %v", got)
	}
}

func (s suite) bare(t *testing.T) {
	if s.lacks.NoTypes {
		return
	}
	types := links(t)
	x, bare := map[string]any{"to": "x"}, map[string]any{"to": bareLink}
	date := time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct{ v, want any }{
		"a map":              {x, link{"x"}},
		"an empty map":       {map[string]any{}, link{}},
		"maps among pairs":   {[]any{x, link{"y"}, map[string]any{}, x}, []link{{"x"}, {"y"}, {}, {"x"}}},
		"a map in a field":   {map[string]any{"A": 1, "L": x, "Z": 2}, struct{ A, L, Z any }{s.inAny(int64(1)), x, s.inAny(int64(2))}},
		"one of its type":    {map[string]any{"A": 1, "L": x, "Z": 2}, struct{ L link }{link{"x"}}},
		"a pointer":          {x, &link{"x"}},
		"nil for a pointer":  {nil, (*link)(nil)},
		"what was sent bare": {[]any{link{bareLink}, label(bareLink)}, []any{bare, bare}},
		"that, as its type":  {[]any{link{bareLink}, &node{name: bareLink}}, []link{{bareLink}, {bareLink}}},
		"a date":             {"2010-03-27T00:00:00Z", date},
		"seconds for a date": {date.Unix(), date},
		"text like a date":   {"2010-03-27T00:00:00Z", "2010-03-27T00:00:00Z"},
	} {
		back := reflect.New(reflect.TypeOf(test.want))
		if err := s.c.Parse(s.encode(t, test.v, types), back.Interface(), types); err != nil || !reflect.DeepEqual(back.Elem().Interface(), test.want) {
			t.Errorf("%s is %+v, %v, want %+v", name, back.Elem(), err, test.want)
		}
	}
	for _, test := range []struct{ v, into any }{{"x", new(link)}, {map[string]any{"to": 1}, new(link)}, {"x", new(time.Time)}, {date, new(link)}} {
		if err := s.c.Parse(s.encode(t, test.v, types), test.into, types); !isMismatch(err) {
			t.Errorf("%v into a %T: error is %v (%T)", test.v, test.into, err, err)
		}
	}
}
