package codec_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

// An offer has fields of every sort that a struct may have.
type offer struct {
	ID     int         `json:"id" msgpack:"id"`
	Price  celsius     `json:"price" msgpack:"price"`
	Until  time.Time   `json:"until" msgpack:"until"`
	Parts  []offer     `json:"parts,omitempty" msgpack:"parts,omitempty"`
	Better *offer      `json:"better,omitempty" msgpack:"better,omitempty"`
	Left   func()      `json:"-" msgpack:"-"`
	Origin             // promoted
	note   string      // not sent
	_      [0]struct{} // not sent either
}

type Origin struct {
	Plant string `json:"plant" msgpack:"plant"`
}

// MarshalJSON is not used.
func (offer) MarshalJSON() ([]byte, error) { return nil, errors.New("not wanted") }

// structTypes are celsius, offer and time.Time.
func structTypes(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	if err := errors.Join(registerCelsius(types), codec.RegisterStruct[offer](types), codec.RegisterTime(types)); err != nil {
		t.Fatal(err)
	}
	return types
}

func eachCodec(t *testing.T, test func(*testing.T, codec.Codec)) {
	for _, c := range []codec.Codec{json.Codec{}, msgpack.Codec{}} {
		t.Run(c.Name(), func(t *testing.T) { test(t, c) })
	}
}

func TestAStructTravelsAsTheMapOfItsExportedFields(t *testing.T) {
	date := time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)
	b, err := json.Codec{}.Append(nil, offer{ID: 1, Price: 2, Until: date, Parts: []offer{{ID: 3}}, Origin: Origin{"wind"}, note: "mine"}, structTypes(t))
	want := `{"__type__": [1, {"id": 1, "price": {"__type__": [0, 2.0]}, "until": {"__type__": [2, "2010-03-27T00:00:00+00:00"]}, "parts": [` +
		`{"__type__": [1, {"id": 3, "price": {"__type__": [0, 0.0]}, "until": {"__type__": [2, "0001-01-01T00:00:00+00:00"]}, "plant": ""}]}` +
		`], "plant": "wind"}]}`
	if string(b) != want || err != nil {
		t.Errorf("%s, %v\nwant %s", b, err, want)
	}
}

func TestStructsArriveAsTheyWere(t *testing.T) {
	types := structTypes(t)
	date := time.Date(2010, 3, 27, 12, 0, 0, 0, time.UTC)
	small := offer{ID: 1, Price: -4.5, Until: date, Origin: Origin{"wind"}}
	large := offer{ID: 2, Until: date, Parts: []offer{small, small}, Better: &small}
	eachCodec(t, func(t *testing.T, c codec.Codec) {
		for name, test := range map[string]struct {
			sent, want any // want as the same Go type receives it, and an any
		}{
			"one":             {small, small},
			"nested ones":     {large, large},
			"a pointer":       {&large, large},
			"in a list":       {[]any{1.5, small}, []any{1.5, small}},
			"in a map":        {map[string]any{"x": large}, map[string]any{"x": large}},
			"none":            {(*offer)(nil), nil},
			"in a typed list": {[]offer{small}, []any{small}},
		} {
			b, err := c.Append(nil, test.sent, types)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var loose any
			if err := c.Parse(b, &loose, types); err != nil || !reflect.DeepEqual(loose, test.want) {
				t.Errorf("%s is %+v, %v", name, loose, err)
			}
			typed := reflect.New(reflect.TypeOf(test.sent))
			if err := c.Parse(b, typed.Interface(), types); err != nil || !reflect.DeepEqual(typed.Elem().Interface(), test.sent) {
				t.Errorf("%s is %+v, %v", name, typed.Elem(), err)
			}
		}
	})
}

func TestStructsAreArgumentsOfCalls(t *testing.T) {
	types := structTypes(t)
	small := offer{ID: 1, Until: time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)}
	eachCodec(t, func(t *testing.T, c codec.Codec) {
		envelope := codec.Envelope(c)
		call := &codec.Call{Service: "market", Name: "bid", Args: []any{small, []*offer{&small}}, Kwargs: []codec.Keyword{{Name: "better", Value: &small}}}
		message, err := envelope.AppendMessage(nil, codec.Header{ID: 1}, call, types)
		if err != nil {
			t.Fatal(err)
		}
		_, content, err := envelope.ScanMessage(message)
		if err != nil {
			t.Fatal(err)
		}
		path, args, kwargs, err := envelope.ScanCall(content)
		if err != nil || string(path) != "market/bid" {
			t.Fatal(string(path), err)
		}
		var first any
		var second []offer
		if n, err := envelope.ParseArgs(args, []any{&first, &second}, types); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		var named map[string]*offer
		if err := c.Parse(kwargs, &named, types); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first, small) || !reflect.DeepEqual(second, []offer{small}) || !reflect.DeepEqual(named["better"], &small) {
			t.Errorf("arrived as %+v, %+v, %+v", first, second, named)
		}
	})
}

func TestFieldsThatAPeerLeavesOutAreZeroAndUnknownOnesAreSkipped(t *testing.T) {
	var got offer
	err := json.Codec{}.Parse([]byte(`{"__type__": [1, {"id": 5, "colour": {"deep": [1]}}]}`), &got, structTypes(t))
	if err != nil || !reflect.DeepEqual(got, offer{ID: 5}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDataThatDoesNotFitAStructSaysWhy(t *testing.T) {
	types := structTypes(t)
	for text, want := range map[string]string{
		`{"__type__": [1, {"id": "x"}]}`:                                  "data does not fit codec_test.offer: id: string does not fit int",
		`{"__type__": [1, [1, 2]]}`:                                       "data does not fit codec_test.offer: list does not fit a map of its fields",
		`{"__type__": [1, null]}`:                                         "data does not fit codec_test.offer: nil does not fit a map of its fields",
		`{"__type__": [1, {"__type__": [0, 1.5]}]}`:                       "data does not fit codec_test.offer: codec_test.celsius does not fit a map of its fields",
		`{"__type__": [1, {"parts": [{"__type__": [1, {"price": 5}]}]}]}`: "data does not fit codec_test.offer: parts[0]: data does not fit codec_test.offer: price: integer 5 does not fit codec_test.celsius",
	} {
		var got any
		err := json.Codec{}.Parse([]byte(text), &got, types)
		if mismatch := (*codec.MismatchError)(nil); !errors.As(err, &mismatch) || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAStructThatHoldsItselfIsAnError(t *testing.T) {
	ring := &offer{}
	ring.Better = ring
	_, err := msgpack.Codec{}.Append(nil, ring, structTypes(t))
	if unsupported := (*codec.UnsupportedError)(nil); !errors.As(err, &unsupported) {
		t.Errorf("error is %v", err)
	}
}

type (
	Method   struct{ A int }
	secret   struct{ A int }
	Shy      struct{ A int }
	withMeth struct {
		B int
		Method
	}
	withSecret struct {
		B int
		secret
	}
	withShy struct {
		B int
		Shy
	}
)

func (Method) Do()  {}
func (Shy) hidden() {}

func TestWhatCannotBeAStructTypeIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		register func(*codec.Types) error
		want     string
	}{
		"no struct":                   {codec.RegisterStruct[celsius], "codec_test.celsius is no struct"},
		"a pointer":                   {codec.RegisterStruct[*offer], "register codec_test.offer"},
		"no name":                     {codec.RegisterStruct[struct{ A int }], "has no name"},
		"nothing exported":            {codec.RegisterStruct[time.Time], "has no exported fields"},
		"an embedded type's methods":  {codec.RegisterStruct[withMeth], "embeds a type that has methods"},
		"an embedded type's secrets":  {codec.RegisterStruct[withShy], "embeds a type that has methods"},
		"an embedded unexported type": {codec.RegisterStruct[withSecret], "is not exported"},
		"a type that is there": {func(types *codec.Types) error {
			return errors.Join(codec.RegisterStruct[offer](types), codec.RegisterStruct[offer](types))
		}, "registered already"},
	} {
		if err := test.register(new(codec.Types)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	Shy{}.hidden()
}

func TestAnEmptyStructIsASignal(t *testing.T) {
	type stop struct{}
	types := new(codec.Types)
	if err := codec.RegisterStruct[stop](types); err != nil {
		t.Fatal(err)
	}
	eachCodec(t, func(t *testing.T, c codec.Codec) {
		b, err := c.Append(nil, stop{}, types)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := c.Parse(b, &got, types); err != nil || got != (stop{}) {
			t.Errorf("got %#v, %v", got, err)
		}
	})
}
