package value_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/gomas/gomas/codec"
)

// A service must not be copied, and travels as a ref.
type service struct {
	mu   sync.Mutex
	path string
}

// An id is a ref, too.
type id int

// aliasTypes has *ref, as which *service and id are sent.
func aliasTypes(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := types.Add(codec.Type{
		Go:   reflect.TypeFor[*ref](),
		Also: []reflect.Type{reflect.TypeFor[*service](), reflect.TypeFor[id]()},
		Encode: func(v any) (any, error) {
			switch v := v.(type) {
			case *ref:
				return v.path, nil
			case *service:
				if v.path == "" {
					return nil, errors.New("not mounted")
				}
				return v.path, nil
			case id:
				return []string{"zero", "one"}[v], nil
			}
			return nil, errors.New("something else")
		},
		Decode: func(parse func(any) error) (any, error) {
			r := new(ref)
			err := parse(&r.path)
			return r, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestFurtherGoTypesAreSentAsTheType(t *testing.T) {
	types := aliasTypes(t)
	s := &service{path: "s"}
	one := id(1)
	for name, test := range map[string]struct{ v, want any }{
		"a pointer type":          {s, &ref{"s"}},
		"a pointer to it":         {&s, &ref{"s"}},
		"another type":            {one, &ref{"one"}},
		"a pointer to that":       {&one, &ref{"one"}},
		"a nil of a pointer type": {(*service)(nil), nil},
		"in a list":               {[]any{s, nil, id(0)}, []any{&ref{"s"}, nil, &ref{"zero"}}},
		"in a typed list":         {[]*service{s, nil}, []any{&ref{"s"}, nil}},
		"in a map":                {map[string]any{"a": s}, map[string]any{"a": &ref{"s"}}},
		"in a typed map":          {map[string]*service{"a": s}, map[string]any{"a": &ref{"s"}}},
		"in a struct": {struct {
			S, N *service
			ID   id
			Any  any
		}{s, nil, one, s}, map[string]any{"S": &ref{"s"}, "N": nil, "ID": &ref{"one"}, "Any": &ref{"s"}}},
		"in an ordered map": {codec.Map{{Key: "a", Value: s}}, map[string]any{"a": &ref{"s"}}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				b := encode(t, c, test.v, types)
				var got any
				if err := c.Parse(b, &got, types); err != nil || !reflect.DeepEqual(got, test.want) {
					t.Errorf("%s is %#v, %v, want %#v", show(c, b), got, err, test.want)
				}
			})
		})
	}
}

func TestEncodeGetsThePointerItself(t *testing.T) {
	s := &service{path: "s"}
	types := new(codec.Types)
	var got any
	if err := types.Add(codec.Type{
		Go:     reflect.TypeFor[*ref](),
		Also:   []reflect.Type{reflect.TypeFor[*service]()},
		Encode: func(v any) (any, error) { got = v; return 0, nil },
		Decode: func(func(any) error) (any, error) { return (*ref)(nil), nil },
	}); err != nil {
		t.Fatal(err)
	}
	// Whoever looked at what s points to would race with this, or wait.
	s.mu.Lock()
	defer s.mu.Unlock()
	each(t, func(t *testing.T, c codec.Codec) {
		for _, v := range []any{s, []any{s}, []*service{s}, map[string]*service{"a": s}, struct{ S *service }{s}} {
			got = nil
			encode(t, c, v, types)
			if got != any(s) {
				t.Errorf("in a %T it is %p, want %p", v, got, s)
			}
		}
	})
}

func TestNothingIsDecodedIntoFurtherGoTypes(t *testing.T) {
	types := aliasTypes(t)
	for name, test := range map[string]struct {
		v    any
		into any
		want string
	}{
		"its own pair":              {pair(0, "s"), new(*service), "*value_test.ref does not fit *value_test.service"},
		"its own pair for a value":  {pair(0, "s"), new(id), "*value_test.ref does not fit value_test.id"},
		"its own pair in a list":    {[]any{pair(0, "s")}, new([]*service), "[0]: *value_test.ref does not fit *value_test.service"},
		"its own pair behind two":   {pair(0, "s"), new(**service), "*value_test.ref does not fit *value_test.service"},
		"a plain value":             {1, new(id), "integer 1 does not fit value_test.id"},
		"a plain map":               {map[string]any{"path": "s"}, new(*service), "map does not fit *value_test.service"},
		"nil, for what is no nil":   {nil, new(id), "nil does not fit value_test.id"},
		"a list that does not fit":  {[]any{1}, new(*service), "list does not fit *value_test.service"},
		"a pair for a field":        {map[string]any{"S": pair(0, "s")}, new(struct{ S *service }), "S: *value_test.ref does not fit *value_test.service"},
		"a text in a map of values": {map[string]any{"a": "x"}, new(map[string]id), "a: string does not fit value_test.id"},
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
	each(t, func(t *testing.T, c codec.Codec) {
		s := &service{}
		if err := c.Parse(encode(t, c, nil, nil), &s, types); err != nil || s != nil {
			t.Errorf("nil for a pointer: %p, %v", s, err)
		}
	})
}

func TestWhatEncodeRefusesNamesTheType(t *testing.T) {
	each(t, func(t *testing.T, c codec.Codec) {
		_, err := c.Append(nil, []any{&service{}}, aliasTypes(t))
		var unsupported *codec.UnsupportedError
		want := "cannot encode *value_test.service as " + c.Name() + " (at [0]): not mounted"
		if !errors.As(err, &unsupported) || err.Error() != want {
			t.Errorf("error is %v (%T), want %s", err, err, want)
		}
	})
}
