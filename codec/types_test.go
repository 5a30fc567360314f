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
	also := func(v any, others ...any) codec.Type {
		typ := same(v)
		for _, other := range others {
			typ.Also = append(typ.Also, reflect.TypeOf(other))
		}
		return typ
	}
	for name, typ := range map[string]codec.Type{
		"a type that is there already":   same(celsius(0)),
		"a predeclared type":             same(0),
		"a common list":                  same([]string{}),
		"raw values":                     same(codec.Raw{}),
		"ordered maps":                   same(codec.Map{}),
		"an interface":                   {Go: reflect.TypeFor[error](), Encode: same(0).Encode, Decode: same(0).Decode},
		"a pointer to a predeclared one": same(new(int)),
		"a pointer to a common list":     same(new([]any)),
		"a pointer to an interface":      same(new(error)),
		"one that is among others, too":  also(offer{}, &offer{}, celsius(0)),
		"the same twice":                 also(offer{}, &offer{}, &offer{}),
		"the same as itself":             also(offer{}, offer{}),
		"a predeclared type for another": also(offer{}, "x"),
		"no type for another":            also(offer{}, nil),
		"no functions":                   {Go: reflect.TypeFor[reflect.Value]()},
		"no type":                        {Encode: same(0).Encode, Decode: same(0).Decode},
	} {
		if err := types.Add(typ); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if types.Len() != 1 || types.Encoder(reflect.TypeFor[*offer]()) != nil {
		t.Errorf("%d types", types.Len())
	}
}

func TestATypeIsFoundByAllItsGoTypes(t *testing.T) {
	also := []reflect.Type{reflect.TypeFor[*offer](), reflect.TypeFor[Origin]()}
	types := new(codec.Types)
	if err := errors.Join(registerCelsius(types), types.Add(codec.Type{
		Go: reflect.TypeFor[offer](), Also: also, Bare: true,
		Encode: func(v any) (any, error) { return nil, nil },
		Decode: func(func(any) error) (any, error) { return offer{}, nil },
	})); err != nil {
		t.Fatal(err)
	}
	also[0] = reflect.TypeFor[*Origin]() // whose list was copied
	for name, types := range map[string]*codec.Types{"it": types, "its clone": types.Clone()} {
		want := types.ByID(1)
		if !want.Bare || len(want.Also) != 2 {
			t.Errorf("%s has %+v", name, want)
		}
		for _, g := range []reflect.Type{reflect.TypeFor[offer](), reflect.TypeFor[*offer](), reflect.TypeFor[Origin]()} {
			if types.Encoder(g) != want {
				t.Errorf("%s sends %v as %+v", name, g, types.Encoder(g))
			}
			if got := types.Of(g); (got == want) != (g == want.Go) || (got == nil) != (g != want.Go) {
				t.Errorf("%s has %+v of %v", name, got, g)
			}
		}
		if got := types.Encoder(reflect.TypeFor[*Origin]()); got != nil {
			t.Errorf("%s has %+v, which nobody added", name, got)
		}
		if err := codec.RegisterStruct[Origin](types); err == nil {
			t.Errorf("%s takes a type again that is sent as another", name)
		}
	}
	copied := new(codec.Types)
	if err := copied.Add(*types.ByID(1)); err != nil || copied.Encoder(reflect.TypeFor[Origin]()).ID != 0 {
		t.Errorf("added to another list it is %+v, %v", copied.ByID(0), err)
	}
	if (*codec.Types)(nil).Encoder(reflect.TypeFor[offer]()) != nil {
		t.Error("no types have an offer")
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
