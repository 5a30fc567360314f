package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/transport/local"
)

var kinds = []local.Kind{
	local.Frame, local.Connect, local.Close, local.Listen, local.Partition,
	local.Heal, local.Crash, local.Restart, local.Note, "another",
}

// anyEvent draws events of which fields may be anything, also what no network
// would record.
func anyEvent() *rapid.Generator[local.Event] {
	return rapid.Custom(func(t *rapid.T) local.Event {
		text := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ab]`), rapid.StringMatching(`(\{"__type__": \[[12], |agents/1"|"|[\[\]{}]|\]\}|…)*`), rapid.StringMatching(`[\[{"0-9, :}\]…\\]*`), rapid.String())
		when := rapid.Int64Range(0, math.MaxInt64)
		number := rapid.IntRange(0, math.MaxInt64)
		return local.Event{
			N: rapid.Uint64().Draw(t, "n"), Time: time.Duration(when.Draw(t, "time")), Sent: time.Duration(when.Draw(t, "sent")),
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), From: text.Draw(t, "from"), To: text.Draw(t, "to"), Link: number.Draw(t, "link"),
			Message: rapid.SampledFrom([]string{"", "request", "result", "failure", "cancel", "hello", "kind 7"}).Draw(t, "message"),
			ID:      rapid.Uint64().Draw(t, "id"), Path: rapid.OneOf(rapid.StringMatching(`agents/[0-9]/[a-z/]*`), text).Draw(t, "path"),
			Content: text.Draw(t, "content"), Size: number.Draw(t, "size"), Outcome: text.Draw(t, "outcome"), Note: text.Draw(t, "note"),
		}
	})
}

func TestEventsComeBackFromJSONAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(anyEvent()).Draw(t, "events")
		var file bytes.Buffer
		if err := local.WriteJSON(&file, events); err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(file.Bytes(), []byte("\n")); lines != len(events) {
			t.Fatalf("%d lines of %d events", lines, len(events))
		}
		back, err := local.ReadJSON(&file)
		if err != nil {
			t.Fatal(err)
		}
		if len(events)+len(back) > 0 && !reflect.DeepEqual(back, events) {
			t.Fatalf("%v came back as %v", events, back)
		}
	})
}

func TestALineThatIsNoEventIsAnErrorWithItsNumber(t *testing.T) {
	const good = `{"n":0,"time":0,"kind":"heal"}` + "\n"
	for _, test := range []struct {
		what, text string
		line       int
	}{
		{"text that is no JSON", good + "\n" + "nonsense", 3},
		{"more than one event", `{"kind":"heal"}{"kind":"heal"}`, 1},
		{"no object", good + "null", 2},
		{"an event without a kind", good + good + `{"n":1}`, 3},
		{"a text as time", `{"kind":"heal","time":"1s"}`, 1},
		{"a negative time", `{"kind":"heal","time":-1}`, 1},
		{"a negative size", `{"kind":"frame","size":-1}`, 1},
		{"a fraction as number", `{"kind":"heal","n":0.5}`, 1},
		{"half an event", good + good[:20], 2},
		{"a line without end", good + strings.Repeat(" ", 1<<20), 2},
		{"deep nesting", strings.Repeat("[", 20000), 1},
	} {
		t.Run(test.what, func(t *testing.T) {
			events, err := local.ReadJSON(strings.NewReader(test.text))
			var bad *local.LineError
			if !errors.As(err, &bad) || bad.Line != test.line || !strings.HasPrefix(err.Error(), fmt.Sprintf("local: line %d of a trace: ", test.line)) {
				t.Fatalf("%v, want an error in line %d", err, test.line)
			}
			if want := strings.Count(test.text, good); len(events) != want {
				t.Errorf("%d events before it, want %d", len(events), want)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	good := `{"n":0,"time":0,"kind":"heal"}` + "\n"
	events, err := local.ReadJSON(io.MultiReader(strings.NewReader(good), iotest.ErrReader(errFull)))
	var bad *local.LineError
	if len(events) != 1 || !errors.Is(err, errFull) || !errors.As(err, &bad) || bad.Line != 2 {
		t.Error(events, err)
	}
}

func TestEmptyLinesAndUnknownFieldsAreSkipped(t *testing.T) {
	events, err := local.ReadJSON(strings.NewReader("\n \r\n" + `{"kind":"note","note":"x","mood":{"good":true}}` + "\r\n\n"))
	if want := []local.Event{{Kind: local.Note, Note: "x"}}; err != nil || !reflect.DeepEqual(events, want) {
		t.Fatal(events, err)
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	events := []local.Event{{Kind: local.Note, Note: strings.Repeat("long ", 10000)}}
	for _, test := range []struct {
		what  string
		write func(io.Writer) error
	}{
		{"as JSON", func(w io.Writer) error { return local.WriteJSON(w, events) }},
		{"as a little JSON", func(w io.Writer) error { return local.WriteJSON(w, []local.Event{{Kind: local.Heal}}) }},
		{"as text", func(w io.Writer) error { return local.WriteText(w, events) }},
		{"as a diagram", func(w io.Writer) error { return local.WriteMermaid(w, events, nil) }},
	} {
		t.Run(test.what, func(t *testing.T) {
			if err := test.write(fullDisk{}); !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"n":2,"time":10895514,"kind":"connect","from":"a","to":"b","link":1}` + "\n"))
	f.Add([]byte(`{"n":7,"time":25,"sent":20,"kind":"frame","from":"a","to":"b","link":1,"message":"request","id":1,"path":"agents/0/add","content":"[3, 4] {\"b\": 1}","size":40}`))
	f.Add([]byte("{\"kind\":\"frame\",\"message\":\"failure\",\"content\":\"\\\"cut…\"}\n\n{\"kind\":\"x\"}\nnull"))
	f.Fuzz(func(t *testing.T, file []byte) {
		events, err := local.ReadJSON(bytes.NewReader(file))
		var bad *local.LineError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		var once, twice bytes.Buffer
		if err := local.WriteJSON(&once, events); err != nil {
			t.Fatal(err)
		}
		again, err := local.ReadJSON(bytes.NewReader(once.Bytes()))
		if err != nil || !reflect.DeepEqual(again, events) {
			t.Fatalf("%v came back as %v, %v", events, again, err)
		}
		if local.Compare(events, again) != nil {
			t.Fatal("they differ from themselves")
		}
		if err := local.WriteText(&twice, events); err != nil || bytes.Count(twice.Bytes(), []byte("\n")) != len(events) {
			t.Fatalf("%v: %q", err, twice.Bytes())
		}
		if err := local.WriteMermaid(io.Discard, events, nil); err != nil {
			t.Fatal(err)
		}
	})
}
