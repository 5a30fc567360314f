package local_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/transport/local"
)

// notes returns events with numbers from n on.
func notes(n uint64, texts ...string) (events []local.Event) {
	for i, text := range texts {
		events = append(events, local.Event{N: n + uint64(i), Kind: local.Note, Note: text})
	}
	return events
}

func TestWhereTracesBeginToDiffer(t *testing.T) {
	for _, test := range []struct {
		what string
		a, b []local.Event
		want string // "": they do not
	}{
		{"the same is the same", notes(0, "x", "y"), notes(0, "x", "y"), ""},
		{"nothing is nothing", nil, notes(0), ""},
		{
			"the first difference counts", notes(0, "x", "y", "z"), notes(0, "x", "Y", "Z"),
			`the traces differ at event 1, in note
  0  0.000ms  x
- 1  0.000ms  y
+ 1  0.000ms  Y
  note: y ≠ Y
`,
		},
		{
			"there may be nothing before it", notes(0, "x"),
			[]local.Event{{Kind: local.Crash, From: "b", Time: 1, Outcome: "\n"}},
			`the traces differ at event 0, in time, kind, from, outcome, note
- 0  0.000ms     x
+ 0  0.000ms  b  crashes  ✗
  time: 0s ≠ 1ns
  kind: note ≠ crash
  from: "" ≠ b
  outcome: "" ≠ "\n"
  note: x ≠ ""
`,
		},
		{
			"one may end before", notes(0, "x"), notes(0, "x", "y"),
			`the traces differ at event 1
  0  0.000ms  x
+ 1  0.000ms  y
- the end
`,
		},
		{
			"or the other", notes(0, "x"), nil,
			`the traces differ at event 0
- 0  0.000ms  x
+ the end
`,
		},
		{
			"only the last events before it are shown", notes(0, "1", "2", "3", "4", "5", "6", "7"), notes(0, "1", "2", "3", "4", "5", "6"),
			`the traces differ at event 6
  1  0.000ms  2
  2  0.000ms  3
  3  0.000ms  4
  4  0.000ms  5
  5  0.000ms  6
- 6  0.000ms  7
+ the end
`,
		},
		{"what only one has kept is not compared", notes(0, "x", "y", "z"), notes(2, "z"), ""},
		{
			"and that is said if there is a difference later", notes(8, "x", "y", "z"), notes(9, "y", "Z"),
			`the traces differ at event 10, in note (compared from event 9 on)
   9  0.000ms  y
- 10  0.000ms  z
+ 10  0.000ms  Z
  note: z ≠ Z
`,
		},
		{
			"traces without an event in common differ where the later one begins", notes(0, "x"), notes(5, "x"),
			`the traces differ at event 5 (compared from event 5 on)
+ 5  0.000ms  x
- the end
`,
		},
		{
			"events that were chosen are compared one by one",
			append(notes(1, "x"), notes(5, "y")...), append(notes(2, "x"), notes(4, "Y")...),
			`the traces differ at event 4, in note (compared from event 2 on)
  1  0.000ms  x
- 5  0.000ms  y
+ 4  0.000ms  Y
  note: y ≠ Y
`,
		},
		{
			"two replies to the same call show the call",
			[]local.Event{frame("request", 1, "f", "[1]"), at(1, back(frame("result", 1, "f", "7")))},
			[]local.Event{frame("request", 1, "f", "[1]"), at(1, back(frame("result", 1, "f", "8")))},
			`the traces differ at event 1, in content
  0  25.000ms  a → b  1/1 f(1)      40 B  took 5ms
- 1  25.000ms  b → a  1/1 f(1) = 7  40 B  took 5ms
+ 1  25.000ms  b → a  1/1 f(1) = 8  40 B  took 5ms
  content: 7 ≠ 8
`,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			d := local.Compare(test.a, test.b)
			switch {
			case d == nil && test.want != "":
				t.Errorf("no difference, want\n%s", test.want)
			case d != nil && d.String() != test.want:
				t.Errorf("got\n%swant\n%s", d, test.want)
			}
		})
	}
}

func TestADifferenceThatIsNoneCanBePrinted(t *testing.T) {
	if got := local.Compare(nil, nil).String(); got != "the traces are the same\n" {
		t.Error(got)
	}
	if got := new(local.Difference).String(); got != "the traces differ at event 0\n- the end\n+ the end\n" {
		t.Error(got)
	}
}

func at(n uint64, e local.Event) local.Event {
	e.N = n
	return e
}

func TestEveryFieldButTheNumberCounts(t *testing.T) {
	kind := reflect.TypeFor[local.Event]()
	for i := range kind.NumField() {
		field := kind.Field(i)
		if field.Name == "N" {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			a, b := []local.Event{{}}, []local.Event{{}}
			v := reflect.ValueOf(&b[0]).Elem().Field(i)
			switch {
			case v.CanInt():
				v.SetInt(1)
			case v.CanUint():
				v.SetUint(1)
			default:
				v.SetString("x")
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if d := local.Compare(a, b); d == nil || !slices.Equal(d.Fields, []string{name}) {
				t.Errorf("%v", d)
			}
		})
	}
}

func TestADifferenceIsWhereTheTracesWereMadeToDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(anyEvent(), 1, 20).Draw(t, "events")
		for i := range a {
			a[i].N = uint64(i)
		}
		b := slices.Clone(a)
		where := rapid.IntRange(0, len(a)-1).Draw(t, "where")
		b[where].Note += "!"
		kept := rapid.IntRange(0, where).Draw(t, "kept from")
		d := local.Compare(a, b[kept:])
		if d == nil || d.N != uint64(where) || *d.A != a[where] || *d.B != b[where] || d.From != uint64(kept) {
			t.Fatalf("%+v", d)
		}
		if want := a[max(kept, where-5):where]; !slices.Equal(d.Before, want) {
			t.Fatalf("%v before, want %v", d.Before, want)
		}
		if !strings.HasPrefix(d.String(), fmt.Sprintf("the traces differ at event %d, in note", where)) {
			t.Fatal(d)
		}
		if d := local.Compare(a, a[kept:]); d != nil {
			t.Fatal(d)
		}
	})
}
