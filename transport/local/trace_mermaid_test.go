package local_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/transport/local"
)

func diagram(t rapid.TB, opts *local.MermaidOptions, events ...local.Event) string {
	t.Helper()
	var b bytes.Buffer
	if err := local.WriteMermaid(&b, events, opts); err != nil {
		t.Fatal(err)
	}
	return "\n" + b.String()
}

func between(kind local.Kind, outcome string) local.Event {
	return local.Event{Kind: kind, From: "a", To: "b", Link: 1, Outcome: outcome}
}

func TestADiagramShowsWhatMatters(t *testing.T) {
	chatter := []local.Event{
		{Kind: local.Listen, From: "b"},
		between(local.Connect, ""),
		frame("request", 0, "validate_aid", `["0"]`),
		frame("hello", 1, "", "{}"),
		back(frame("result", 0, "validate_aid", `"adder"`)),
		between(local.Close, ""),
	}
	for _, test := range []struct {
		what   string
		opts   *local.MermaidOptions
		events []local.Event
		want   string
	}{
		{
			"calls, replies, failures, cancels and what was lost have arrows of their own", nil,
			[]local.Event{
				frame("request", 1, "f", "[1]"), back(frame("result", 1, "f", "7")),
				frame("request", 2, "f", "[2]"), back(frame("failure", 2, "f", `"E: x"`)),
				frame("cancel", 3, "f", "null"), lost(frame("request", 4, "f", "[]")),
			},
			`
sequenceDiagram
    participant c1 as a
    participant c2 as b
    c1->>c2: f(1) @ 25.000ms
    c2-->>c1: f(1) = 7 @ 25.000ms
    c1->>c2: f(2) @ 25.000ms
    c2--xc1: f(2) failed#58; E#58; x @ 25.000ms
    c1-)c2: cancel f @ 25.000ms
    c1-xc2: f(), lost, and the connection with it @ 25.000ms
`,
		},
		{
			"faults are notes over those they concern", nil,
			[]local.Event{
				frame("request", 1, "f", "[1]"),
				{Kind: local.Partition, Note: "[[a] [b]]"},
				{Kind: local.Heal},
				{Kind: local.Crash, From: "b"},
				{Kind: local.Restart, From: "b"},
				{Kind: local.Note, Note: "x"},
			},
			`
sequenceDiagram
    participant c1 as a
    participant c2 as b
    c1->>c2: f(1) @ 25.000ms
    note over c1,c2: partition [[a] [b]] @ 0.000ms
    note over c1,c2: the partition ends @ 0.000ms
    note over c2: crashes @ 0.000ms
    note over c2: is started again @ 0.000ms
    note over c1,c2: x @ 0.000ms
`,
		},
		{
			"what containers do by themselves is left out", nil, chatter,
			`
sequenceDiagram
    participant c1 as main
`,
		},
		{
			"unless it fails", nil,
			[]local.Event{between(local.Connect, "refused: partition"), between(local.Close, "reset"), lost(frame("hello", 1, "", "{}"))},
			`
sequenceDiagram
    participant c1 as a
    participant c2 as b
    c1-xc2: connection 1, refused#58; partition @ 0.000ms
    c1-->c2: connection 1 closed, reset @ 0.000ms
    c1-xc2: hello {}, lost, and the connection with it @ 25.000ms
`,
		},
		{
			"or is wanted", &local.MermaidOptions{Everything: true}, chatter,
			`
sequenceDiagram
    participant c1 as b
    participant c2 as a
    note over c1: listens @ 0.000ms
    c2->c1: connection 1 @ 0.000ms
    c2->>c1: validate_aid("0") @ 25.000ms
    c2-)c1: hello {} @ 25.000ms
    c1-->>c2: validate_aid("0") = "adder" @ 25.000ms
    c2-->c1: connection 1 closed @ 0.000ms
`,
		},
		{
			"of more than the most the last are shown, which still know the calls before", &local.MermaidOptions{Most: 1},
			[]local.Event{frame("request", 1, "f", "[1]"), frame("hello", 1, "", "{}"), back(frame("result", 1, "f", "7"))},
			`
sequenceDiagram
    participant c1 as a
    participant c2 as b
    note over c1,c2: 1 events before are left out
    c2-->>c1: f(1) = 7 @ 25.000ms
`,
		},
		{
			"without events it is a diagram all the same", nil, nil,
			`
sequenceDiagram
    participant c1 as main
`,
		},
		{
			"a note without containers is over the program", nil,
			[]local.Event{{Kind: local.Note, Note: "x"}},
			`
sequenceDiagram
    participant c1 as main
    note over c1: x @ 0.000ms
`,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			if got := diagram(t, test.opts, test.events...); got != test.want {
				t.Errorf("got%swant%s", got, test.want)
			}
		})
	}
}

func TestADiagramHasAsManyEventsAsAreWanted(t *testing.T) {
	var many []local.Event
	for range 1000 {
		many = append(many, frame("request", 1, "f", "[]"))
	}
	for _, test := range []struct{ most, want int }{{0, 300}, {-1, 1000}, {1000, 1000}, {7, 7}} {
		t.Run(fmt.Sprint(test.most), func(t *testing.T) {
			if got := strings.Count(diagram(t, &local.MermaidOptions{Most: test.most}, many...), "->>"); got != test.want {
				t.Errorf("%d events, want %d", got, test.want)
			}
		})
	}
}

// A line of a diagram, as Mermaid reads it, if text has only characters that mean
// nothing, and entities.
var (
	plain       = `(?:[^#;:%$<>&\\` + "`" + `\x00-\x1f\x7f\x{2028}\x{2029}]|#\d+;)*`
	diagramLine = regexp.MustCompile(`^(?:sequenceDiagram` +
		`|    participant c\d+ as ` + plain +
		`|    note over c\d+(?:,c\d+)?: ` + plain +
		`|    c\d+(?:->>|-->>|->|-->|--x|-x|-\))c\d+: ` + plain + `)$`)
)

func TestWhateverIsSaidCannotBreakTheDiagram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.Custom(func(t *rapid.T) local.Event {
			e := anyEvent().Draw(t, "event")
			nasty := rapid.StringMatching("[#;:%$<>&\\\\`\n\r{}a-]*")
			e.From, e.To = nasty.Draw(t, "from"), nasty.Draw(t, "to")
			e.Note, e.Content, e.Outcome = nasty.Draw(t, "note"), nasty.Draw(t, "content"), nasty.Draw(t, "outcome")
			return e
		})).Draw(t, "events")
		drawn := diagram(t, &local.MermaidOptions{Everything: true}, events...)
		for line := range strings.Lines(drawn[1:]) {
			if !diagramLine.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Fatalf("%q", line)
			}
		}
	})
}
