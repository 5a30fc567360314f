package mosaik_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/mosaik"
)

type battery struct {
	Power  float64            `mosaik:"power,in,sum,trigger"`
	Prices map[string]float64 `mosaik:"price,in,non-trigger"`
	Names  []string           `mosaik:"names,in"`
	Charge float64            `mosaik:"charge,out,persistent"`
	Full   *bool              `mosaik:"full,out,non-persistent"`
	Mode   int                `mosaik:"mode"`
	hidden int
	Own    int
}

type sizes struct {
	Size  float64 `mosaik:"size"`
	Cells []int   `mosaik:"cells"`
}

func TestAModelOfStructs(t *testing.T) {
	want := mosaik.Model{
		Params: []string{"size", "cells"}, Attrs: []string{"power", "price", "names", "charge", "full", "mode"},
		// What is no input cannot trigger, and what is no output lasts.
		Trigger: []string{"power"}, NonTrigger: []string{"price", "charge", "full"},
		Persistent: []string{"charge", "power", "price", "names"}, NonPersistent: []string{"full"},
	}
	if got := mosaik.ModelOf[sizes, battery](); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestMistakesInTagsPanicAtStartUp(t *testing.T) {
	for want, model := range map[string]func() mosaik.Model{
		"int is no struct": mosaik.ModelOf[int, struct{}],
		`has the option "input"`: mosaik.ModelOf[struct{}, struct {
			A int `mosaik:"a,input"`
		}],
		"its tag has no name": mosaik.ModelOf[struct{}, struct {
			A int `mosaik:",in"`
		}],
		"it is not exported": mosaik.ModelOf[struct{}, struct {
			a int `mosaik:"a"`
		}],
		"only a float64 can be": mosaik.ModelOf[struct{}, struct {
			A int `mosaik:"a,sum"`
		}],
		"it is no input": mosaik.ModelOf[struct{}, struct {
			A int `mosaik:"a,out,trigger"`
		}],
		"it is no output": mosaik.ModelOf[struct{}, struct {
			A int `mosaik:"a,in,persistent"`
		}],
		"its tag contradicts": mosaik.ModelOf[struct{}, struct {
			A int `mosaik:"a,trigger,non-trigger"`
		}],
		`another field of the name`: mosaik.ModelOf[struct{}, struct {
			A, B int `mosaik:"a"`
		}],
		"an embedded pointer": mosaik.ModelOf[struct{}, struct{ *sizes }],
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}()
			model()
		})
	}
}

func TestParametersAreDecodedIntoStructs(t *testing.T) {
	got := sizes{Size: 5, Cells: []int{1}}
	if err := (mosaik.Params{"cells": []any{int64(2), 3.0}}).Decode(&got); err != nil || !reflect.DeepEqual(got, sizes{5, []int{2, 3}}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, test := range []struct {
		params mosaik.Params
		dst    any
		want   string
	}{
		{mosaik.Params{"weight": 1}, &got, `no parameter "weight"; there is size, cells`},
		{mosaik.Params{"size": "x"}, &got, "parameter size: string does not fit float64"},
		{mosaik.Params{"cells": []any{math.NaN()}}, &got, "parameter cells"},
		{mosaik.Params{}, got, "no pointer to a struct"},
		{mosaik.Params{}, new(int), "int is no struct"},
	} {
		if err := test.params.Decode(test.dst); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.params, err, test.want)
		}
	}
}

func TestInputsAreTakenByTheShapeOfTheField(t *testing.T) {
	var all mosaik.Entities[battery]
	b := &battery{Mode: 7, Own: 1, hidden: 2}
	if e, err := all.Add("B", b); err != nil || e.ID != "B" || all.Get("B") != b || all.Len() != 1 {
		t.Fatal(e, err)
	}
	if _, err := all.Add("B", b); err == nil {
		t.Error("an id twice")
	}
	if err := all.Take(mosaik.Inputs{
		"B": {
			"power": {"x.1": 1.5, "x.2": int64(2)},
			"price": {"x.1": math.Inf(-1), "x.2": int64(2)},
			"names": {"x.2": "two", "x.1": "one"},
		},
		"other": {"colour": {"x": 1}},
	}); err != nil {
		t.Fatal(err)
	}
	want := battery{Power: 3.5, Prices: map[string]float64{"x.1": math.Inf(-1), "x.2": 2}, Names: []string{"one", "two"}, Mode: 7, Own: 1, hidden: 2}
	if !reflect.DeepEqual(*b, want) {
		t.Errorf("%+v", *b)
	}
	// Null is what mosaik has where a source has given no value.
	if err := all.Take(mosaik.Inputs{"B": {
		"power": {"x.1": nil, "x.2": 4.5}, "price": {"x.1": nil, "x.2": 3.5}, "names": {"x.1": nil, "x.2": "two"}, "mode": {"x.1": nil},
	}}); err != nil {
		t.Fatal(err)
	}
	want.Power, want.Prices, want.Names = 4.5, map[string]float64{"x.2": 3.5}, []string{"two"}
	if !reflect.DeepEqual(*b, want) {
		t.Errorf("with null: %+v", *b)
	}
	for _, test := range []struct {
		attr   string
		values map[string]any
		want   string
	}{
		{"charge", map[string]any{"x": 1.0}, `no input "charge"`},
		{"mode", map[string]any{"x": 1, "y": 2}, `2 sources, ["x" "y"]`},
		{"mode", map[string]any{"x": 1e300}, "input mode: float 1e+300 does not fit int"},
		{"power", map[string]any{"x": "much"}, `input power: of "x": string does not fit`},
		{"price", map[string]any{"x": "much"}, "input price"},
	} {
		if err := all.Take(mosaik.Inputs{"B": {test.attr: test.values}}); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "entity B") {
			t.Errorf("%s of %v: %v, want %q", test.attr, test.values, err, test.want)
		}
	}
	var outputs mosaik.Outputs
	if err := all.Give(mosaik.Query{"B": {"charge", "full", "mode"}}, &outputs); err != nil || !reflect.DeepEqual(outputs.Values, map[string]map[string]any{"B": {"charge": 0.0, "mode": 7}}) {
		t.Errorf("%+v, %v", outputs, err)
	}
	if err := all.Give(mosaik.Query{"B": {"power"}}, &outputs); err == nil || !strings.Contains(err.Error(), `no output "power"`) {
		t.Error(err)
	}
}

func TestWhatOneGivesAnotherTakes(t *testing.T) {
	type thing struct {
		F float64            `mosaik:"f"`
		I int64              `mosaik:"i"`
		S string             `mosaik:"s"`
		L [][]bool           `mosaik:"l"`
		M map[string]float64 `mosaik:"m,out"`
	}
	names := []string{"f", "i", "s"}
	rapid.Check(t, func(t *rapid.T) {
		from := &thing{F: rapid.Float64().Draw(t, "f"), I: rapid.Int64().Draw(t, "i"), S: rapid.String().Draw(t, "s")}
		to := new(thing)
		var givers, takers mosaik.Entities[thing]
		_, err1 := givers.Add("g", from)
		_, err2 := takers.Add("t", to)
		var outputs mosaik.Outputs
		err3 := givers.Give(mosaik.Query{"g": names}, &outputs)
		inputs := make(map[string]map[string]any)
		for _, name := range names {
			inputs[name] = map[string]any{"G-0.g": outputs.Values["g"][name]}
		}
		err4 := takers.Take(mosaik.Inputs{"t": inputs})
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			t.Fatal(err1, err2, err3, err4)
		}
		if !reflect.DeepEqual(from, to) {
			t.Fatalf("%+v became %+v", from, to)
		}
	})
}

func FuzzInputs(f *testing.F) {
	f.Add(`{"power": {"a": 1, "b": 2.5}, "price": {"a": null}, "names": {"a": "x"}, "mode": {"a": 3}}`)
	f.Add(`{"mode": {"a": 1e400, "b": [[[]]]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var inputs map[string]map[string]any
		if json.Unmarshal([]byte(text), &inputs) != nil {
			return
		}
		var all mosaik.Entities[battery]
		b := new(battery)
		if _, err := all.Add("B", b); err != nil {
			t.Fatal(err)
		}
		if err := all.Take(mosaik.Inputs{"B": inputs}); err == nil && len(b.Names) > len(inputs["names"]) {
			t.Errorf("%d names of %d", len(b.Names), len(inputs["names"]))
		}
	})
}
