package value_test

import (
	stdjson "encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/gomas/gomas/codec/json"
)

type (
	A struct {
		X, Y int
		Z    string `json:"z"`
	}
	B struct {
		X int
		W int `json:"Y"`
	}
	C struct{ A }
	D struct {
		X int `json:"x"`
		*D
	}
	E struct {
		A `json:"a"`
		B
	}
	F struct {
		C
		*B
		Q string
	}
	lower struct{ Up, low int }
	G     struct {
		lower
		*A
		Own int `json:",omitempty"`
	}
	twice1 struct{ lower }
	twice2 struct{ lower }
	H      struct {
		twice1
		twice2
		Other bool
	}
	I struct {
		A
		X string
		Y []int `json:"-"`
	}
	J struct {
		Dash int `json:"-x"`
		Odd  int `json:"größer-als.1"`
		Kind color
		color
	}
)

// TestFieldsAreThoseOfTheStandardLibrary compares with encoding/json, which
// states Go's rules for struct fields.
func TestFieldsAreThoseOfTheStandardLibrary(t *testing.T) {
	zero := struct {
		B  bool                       `json:",omitempty"`
		I  int                        `json:",omitempty"`
		S  string                     `json:",omitempty"`
		F  float64                    `json:",omitempty"`
		P  *int                       `json:",omitempty"`
		L  []int                      `json:",omitempty"`
		M  map[string]int             `json:",omitempty"`
		N  any                        `json:",omitempty"`
		A  [0]int                     `json:",omitempty"`
		A2 [2]int                     `json:",omitempty"`
		T  struct{}                   `json:",omitempty"`
		Z  time.Time                  `json:",omitzero"`
		Z2 struct{ X int }            `json:",omitzero"`
		Z3 *time.Time                 `json:",omitzero"`
		Z4 []int                      `json:",omitempty,omitzero"`
		Z5 interface{ IsZero() bool } `json:",omitzero"`
	}{}
	full := zero
	full.B, full.I, full.S, full.F, full.P, full.L, full.M, full.N = true, 1, "s", 0.5, new(int), []int{0}, map[string]int{"": 0}, 0
	full.Z, full.Z2.X, full.Z3, full.Z4 = time.Date(2010, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), 1, &full.Z, []int{}
	full.Z5 = full.Z
	empty := zero
	empty.L, empty.M, empty.Z4 = []int{}, map[string]int{}, []int{}
	zeroTime := zero
	zeroTime.Z3, zeroTime.Z5 = new(time.Time), time.Time{}
	for name, v := range map[string]any{
		"promoted":              C{A{1, 2, "z"}},
		"recursive":             D{1, &D{2, nil}},
		"named and embedded":    E{A{1, 2, "z"}, B{3, 4}},
		"equal names cancel":    F{C{A{1, 2, "z"}}, &B{3, 4}, "Z"},
		"nil embedded pointer":  F{},
		"unexported embedded":   G{lower{1, 2}, &A{3, 4, "z"}, 0},
		"embedded twice":        H{twice1{lower{1, 2}}, twice2{lower{3, 4}}, true},
		"nearer wins":           I{A{1, 2, "z"}, "x", []int{1}},
		"odd names":             J{1, 2, "red", "blue"},
		"optional, all zero":    zero,
		"optional, none zero":   full,
		"optional, some empty":  empty,
		"optional, zero within": zeroTime,
		"pointer to a pointer":  pointer(&C{A{1, 2, "z"}}),
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(t, json.Codec{}, v, nil)
			var got, want any
			if err := stdjson.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			std, err := stdjson.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := stdjson.Unmarshal(std, &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %s\nwant %s", b, std)
			}
			mine, theirs := reflect.New(reflect.TypeOf(v)), reflect.New(reflect.TypeOf(v))
			errTheirs := stdjson.Unmarshal(std, theirs.Interface())
			if err := (json.Codec{}).Parse(std, mine.Interface(), nil); (err != nil) != (errTheirs != nil) {
				t.Fatalf("decode: %v, want %v", err, errTheirs)
			}
			if errTheirs == nil && !reflect.DeepEqual(mine.Interface(), theirs.Interface()) {
				t.Errorf("decoded %#v\nwant    %#v", mine.Elem(), theirs.Elem())
			}
		})
	}
}

func TestStructsWithManyFieldsTakeTheLastOfEqualKeys(t *testing.T) {
	var fields []reflect.StructField
	for i := range 300 {
		fields = append(fields, reflect.StructField{Name: "F" + string(rune('A'+i/26)) + string(rune('A'+i%26)), Type: reflect.TypeFor[*node]()})
	}
	v := reflect.New(reflect.StructOf(fields))
	last := fields[299].Name
	if err := (json.Codec{}).Parse([]byte(`{"`+last+`": {"value": 1}, "`+last+`": {"next": null}}`), v.Interface(), nil); err != nil {
		t.Fatal(err)
	}
	if got := v.Elem().Field(299).Interface(); !reflect.DeepEqual(got, &node{}) {
		t.Errorf("got %v", got)
	}
}
