package gomastest_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/gomastest"
	"github.com/gomas/gomas/transport/local"
)

// noter is a test that remembers what it has failed with.
type noter struct {
	testing.TB
	failures []string
}

func (r *noter) Helper() {}

func (r *noter) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// failure returns what a sequence fails with, "" if it does not.
func failure(events []local.Event, want ...string) string {
	r := &noter{}
	gomastest.Sequence(r, events, want...)
	return strings.Join(r.failures, "\n")
}

func message(n uint64, from, to, kind, path, content string) local.Event {
	return local.Event{N: n, Kind: local.Frame, From: from, To: to, Link: 1, Message: kind, Path: path, Content: content, Size: 40}
}

// sums are two calls, of which one fails, with what else happens.
func sums() []local.Event {
	return []local.Event{
		{N: 0, Kind: local.Connect, From: "a", To: "b", Link: 1},
		message(1, "a", "b", "request", "validate_aid", `["0"]`),
		message(2, "b", "a", "hello", "", `{}`),
		message(3, "b", "a", "result", "validate_aid", `"adder"`),
		message(4, "a", "b", "request", "agents/0/add", "[3,4]"),
		message(5, "b", "a", "result", "agents/0/add", "7"),
		message(6, "a", "b", "request", "agents/0/add", `[3,"four"]`),
		message(7, "b", "a", "failure", "agents/0/add", `"TypeError: no number"`),
		{N: 8, Kind: local.Note, Note: "done"},
	}
}

func TestASequenceHolds(t *testing.T) {
	for _, test := range []struct {
		what string
		want []string
	}{
		{"if each line is a message", []string{"a -> b: 0.add(3, 4)", "b -> a: 7", `a -> b: 0.add(3, "four")`, "b -> a: failed: TypeError: no number"}},
		{"if lines are in one text, with space around", []string{`
			a -> b: 0.add(3, 4)
			b -> a: 7

			a -> b: 0.add(3, "four")
			b -> a: failed: TypeError: no number
		`}},
		{"if asterisks are any text", []string{"a -> b: 0.add(*)", "b -> a: *7*", "* -> b: *.add(3, *)", "b*TypeError*"}},
		{"if three dots are any messages", []string{"...", "b -> a: 7", "..."}},
		{"if three dots are no messages", []string{"...", "a -> b: 0.add(3, 4)", "...", "b -> a: 7", "a*", "*", "..."}},
		{"if three dots are several times any messages", []string{"...", "a*", "...", "a*", "b -> a: failed*"}},
		{"if anything may be", []string{"..."}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if failed := failure(sums(), test.want...); failed != "" {
				t.Error(failed)
			}
		})
	}
}

func TestASequenceThatDoesNotHoldIsShownAsADiff(t *testing.T) {
	const title = "the messages are not as wanted (- wanted, + there):\n"
	for _, test := range []struct {
		what   string
		events []local.Event
		want   string
		diff   string
	}{
		{
			"a message is another", sums(), `
			a -> b: 0.add(3, *)
			b -> a: 8
			...`, `
    a -> b: 0.add(3, 4)
  - b -> a: 8
  + b -> a: 7  (event 5)
    ...  (2 messages)
`,
		},
		{
			"a message is missing", sums(), `
			a -> b: 0.add(3, 4)
			b -> a: 7
			b -> a: again
			a -> b: *
			b -> a: *`, `
    a -> b: 0.add(3, 4)
    b -> a: 7
  - b -> a: again
    a -> b: 0.add(3, "four")
    b -> a: failed: TypeError: no number
`,
		},
		{
			"the end is missing", sums()[:5], "a*\nb*", `
    a -> b: 0.add(3, 4)
  - b*
`,
		},
		{
			"nothing is wanted", sums()[:5], "", `
  + a -> b: 0.add(3, 4)  (event 4)
`,
		},
		{
			"nothing is there", nil, "...\na*", `
    ...  (0 messages)
  - a*
`,
		},
		{
			"far from the difference all is as wanted", repeated(50), strings.Repeat("a*\n", 20) + "b*\n" + strings.Repeat("a*\n", 30), `
    (16 lines as wanted)
    a -> b: 0.f()
    a -> b: 0.f()
    a -> b: 0.f()
    a -> b: 0.f()
  - b*
    a -> b: 0.f()
    a -> b: 0.f()
    a -> b: 0.f()
    a -> b: 0.f()
    (26 lines as wanted)
`,
		},
		{
			"a lost message is not one that has arrived", []local.Event{{Kind: local.Frame, From: "a", To: "b", Message: "request", Path: "f", Content: "[]", Outcome: "lost"}}, "a -> b: f()", `
  - a -> b: f()
  + a -x b: f()  (event 0)
`,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			if got, want := failure(test.events, test.want), title+test.diff[1:]; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func repeated(n uint64) (events []local.Event) {
	for i := range n {
		events = append(events, message(i, "a", "b", "request", "agents/0/f", "[]"))
	}
	return events
}

func TestALongDiffIsCut(t *testing.T) {
	got := failure(repeated(1000), "b*")
	if lines := strings.Count(got, "\n"); lines != 103 || !strings.HasSuffix(got, "(the rest of 1 wanted lines and 1000 messages is left out)\n") {
		t.Error(lines, got)
	}
}

func TestASequenceMadeFromTheMessagesHoldsUntilOneIsTakenAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []local.Event
		var want []string
		for i, content := range rapid.SliceOfN(rapid.StringMatching("[ab]{0,3}"), 1, 12).Draw(t, "contents") {
			e := message(uint64(i), "a", "b", "result", "", content)
			events = append(events, e)
			line := e.Line()
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				at := rapid.IntRange(len("a -> b:"), len(line)).Draw(t, "from")
				line = line[:at] + "*" + line[rapid.IntRange(at, len(line)).Draw(t, "to"):]
			case 1:
				want = append(want, "...")
			}
			want = append(want, line)
		}
		if failed := failure(events, want...); failed != "" {
			t.Fatal(failed)
		}
		gone := rapid.IntRange(0, len(events)-1).Draw(t, "gone")
		failed := failure(append(append([]local.Event{}, events[:gone]...), events[gone+1:]...), want...)
		if strings.Count(failed, "\n  - ") != 1 || strings.Count(failed, "\n  + ") > 1 {
			t.Fatalf("without message %d:\n%s", gone, failed)
		}
	})
}
