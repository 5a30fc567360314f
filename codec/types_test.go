package codec_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

type celsius float64

func registerCelsius(types *codec.Types) error {
	return codec.Register(types,
		func(c celsius) (float64, error) { return float64(c), nil },
		func(f float64) (celsius, error) { return celsius(f), nil })
}

func TestIdsAreTheOrderOfRegistration(t *testing.T) {
	var types codec.Types
	if err := errors.Join(codec.RegisterTime(&types), registerCelsius(&types)); err != nil {
		t.Fatal(err)
	}
	c := types.Of(reflect.TypeFor[celsius]())
	if c == nil || c.ID != 1 || types.ByID(1) != c || types.Len() != 2 || types.All()[1] != c {
		t.Errorf("celsius is %+v", c)
	}
	if types.ByID(2) != nil || types.ByID(1<<63) != nil || types.Of(reflect.TypeFor[int]()) != nil {
		t.Error("found what was not registered")
	}
}

func TestWhatCannotBeACustomTypeIsRefused(t *testing.T) {
	types := new(codec.Types)
	if err := registerCelsius(types); err != nil {
		t.Fatal(err)
	}
	same := func(v any) codec.Type {
		return codec.Type{
			Go:     reflect.TypeOf(v),
			Encode: func(v any) (any, error) { return v, nil },
			Decode: func(func(any) error) (any, error) { return v, nil },
		}
	}
	for name, typ := range map[string]codec.Type{
		"a type that is there already": same(celsius(0)),
		"a predeclared type":           same(0),
		"a common list":                same([]string{}),
		"raw values":                   same(codec.Raw{}),
		"ordered maps":                 same(codec.Map{}),
		"an interface":                 {Go: reflect.TypeFor[error](), Encode: same(0).Encode, Decode: same(0).Decode},
		"no functions":                 {Go: reflect.TypeFor[reflect.Value]()},
		"no type":                      {Encode: same(0).Encode, Decode: same(0).Decode},
	} {
		if err := types.Add(typ); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if types.Len() != 1 {
		t.Errorf("%d types", types.Len())
	}
}

func TestACloneIsIndependent(t *testing.T) {
	var none *codec.Types
	a := none.Clone()
	if err := registerCelsius(a); err != nil {
		t.Fatal(err)
	}
	b := a.Clone()
	if err := codec.RegisterTime(b); err != nil {
		t.Fatal(err)
	}
	if a.Len() != 1 || b.Len() != 2 || none.Len() != 0 {
		t.Errorf("%d, %d and %d types", none.Len(), a.Len(), b.Len())
	}
}

func ExampleRegister() {
	types := new(codec.Types)
	err := codec.Register(types,
		func(c celsius) (float64, error) { return float64(c), nil },
		func(f float64) (celsius, error) { return celsius(f), nil })
	if err != nil {
		panic(err)
	}
	b, err := json.Codec{}.Append(nil, map[string]any{"outside": celsius(-4.5)}, types)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(b))

	var v map[string]any
	if err := (json.Codec{}).Parse(b, &v, types); err != nil {
		panic(err)
	}
	fmt.Printf("%T %v\n", v["outside"], v["outside"])
	// Output:
	// {"outside": {"__type__": [0, -4.5]}}
	// codec_test.celsius -4.5
}
