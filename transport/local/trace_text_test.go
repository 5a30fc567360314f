package local_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// frame is a frame from a to b over connection 1 that was 5 ms on its way.
func frame(message string, id uint64, path, content string) local.Event {
	return local.Event{
		Time: 25 * time.Millisecond, Sent: 20 * time.Millisecond, Kind: local.Frame, From: "a", To: "b", Link: 1,
		Message: message, ID: id, Path: path, Content: content, Size: 40,
	}
}

// back is e in the other direction.
func back(e local.Event) local.Event {
	e.From, e.To = e.To, e.From
	return e
}

// lost is e, but lost.
func lost(e local.Event) local.Event {
	e.Outcome = "lost, and the connection with it"
	return e
}

func TestEveryEventIsOneReadableLine(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		what  string
		event local.Event
		want  string
	}{
		{"a call names the agent, the function and the arguments", frame("request", 5, "agents/0/add", "[3,4]"), "25.000ms  a → b  1/5 0.add(3, 4)  40 B  took 5ms"},
		{"keyword arguments are named", frame("request", 5, "agents/0/add", `[3] {"b": [1,2],"c":"x, y"}`), `25.000ms  a → b  1/5 0.add(3, b=[1, 2], c="x, y")  40 B  took 5ms`},
		{"keyword arguments may stand alone", frame("request", 5, "agents/0/add", `[] {"b":4}`), "25.000ms  a → b  1/5 0.add(b=4)  40 B  took 5ms"},
		{"cut arguments are cut", frame("request", 5, "agents/0/add", `[3, "4…`), `25.000ms  a → b  1/5 0.add(3, "4…)  40 B  took 5ms`},
		{"cut keyword arguments are cut", frame("request", 5, "agents/0/add", `[3] {"b": "4…`), `25.000ms  a → b  1/5 0.add(3, {"b": "4…)  40 B  took 5ms`},
		{"unknown arguments are unknown", frame("request", 5, "agents/0/add", "?"), "25.000ms  a → b  1/5 0.add(?)  40 B  took 5ms"},
		{"brackets in text are no brackets", frame("request", 5, "f", `["]\"]"] {"k":1}`), `25.000ms  a → b  1/5 f("]\"]", k=1)  40 B  took 5ms`},
		{"an agent is its URL", frame("request", 5, "f", `[{"__type__": [1,"agents/7"]}] {"k": {"__type__":[1, "/agents/7"]}}`), `25.000ms  a → b  1/5 f(local://a/7, k=local://b/7)  40 B  took 5ms`},
		{"an agent elsewhere is, too", back(frame("result", 5, "f", `[{"__type__":[2,"tcp://10.0.0.7:1/0"]}]`)), `25.000ms  b → a  1/5 f(…) = [tcp://10.0.0.7:1/0]  40 B  took 5ms`},
		{"a date is one", frame("request", 5, "f", `[{"__type__":[0,"2010-03-27T00:00:00+00:00"]}]`), `25.000ms  a → b  1/5 f(2010-03-27T00:00:00+00:00)  40 B  took 5ms`},
		{"a service that is no agent has its path", frame("request", 5, "f", `[{"__type__":[1,"sub/inner"]}]`), `25.000ms  a → b  1/5 f(type1("sub/inner"))  40 B  took 5ms`},
		{"custom types have their number", frame("request", 5, "f", `[{"__type__":[3,{"x":[1,{"__type__":[12,null]}]}]},2]`), `25.000ms  a → b  1/5 f(type3({"x": [1, type12(null)]}), 2)  40 B  took 5ms`},
		{"cut custom types are cut", frame("request", 5, "f", `[{"__type__":[3,{"x":[1,{"__type__":[12,nu…`), `25.000ms  a → b  1/5 f(type3({"x": [1, type12(nu…)  40 B  took 5ms`},
		{"text is not taken for a custom type", frame("request", 5, "f", `["{\"__type__\": [1, \"agents/7\"]}"]`), `25.000ms  a → b  1/5 f("{\"__type__\": [1, \"agents/7\"]}")  40 B  took 5ms`},
		{"nor is a map that only looks like one", frame("request", 5, "f", `[{"__type__":[[1],2]}]`), `25.000ms  a → b  1/5 f({"__type__": [[1], 2]})  40 B  took 5ms`},
		{"functions below those of an agent keep their path", frame("request", 5, "agents/0/sub/add", "[]"), "25.000ms  a → b  1/5 0.sub/add()  40 B  took 5ms"},
		{"functions of a container are as they are", frame("request", 0, "validate_aid", `["0"]`), `25.000ms  a → b  1/0 validate_aid("0")  40 B  took 5ms`},
		{"a path that names no function stays", frame("request", 0, "agents/0", "[]"), `25.000ms  a → b  1/0 agents/0()  40 B  took 5ms`},
		{"requests without a path are their content", frame("request", 5, "", `{"x":[1,2]}`), `25.000ms  a → b  1/5 {"x": [1, 2]}  40 B  took 5ms`},
		{"a reply names the function", back(frame("result", 5, "agents/0/add", "7")), "25.000ms  b → a  1/5 0.add(…) = 7  40 B  took 5ms"},
		{"a reply without a path is its content", back(frame("result", 5, "", "7")), "25.000ms  b → a  1/5 7  40 B  took 5ms"},
		{
			"a failure is text in one line", back(frame("failure", 5, "agents/0/add", `"TypeError: no\n  number\n"`)),
			"25.000ms  b → a  1/5 0.add(…) failed: TypeError: no   number  40 B  took 5ms",
		},
		{"a cut failure is as it is", back(frame("failure", 5, "f", `"TypeError…`)), `25.000ms  b → a  1/5 f(…) failed: "TypeError…  40 B  took 5ms`},
		{"a cancel names the function", frame("cancel", 5, "agents/0/add", "null"), "25.000ms  a → b  1/5 cancel 0.add  40 B  took 5ms"},
		{"a hello is as it is", frame("hello", 1, "", `{"home":"x"}`), `25.000ms  a → b  hello {"home": "x"}  40 B  took 5ms`},
		{"a frame that means nothing has its size", frame("", 0, "", ""), "25.000ms  a → b  40 unknown bytes  40 B  took 5ms"},
		{"a lost frame shows", lost(frame("cancel", 5, "f", "")), "25.000ms  a ↛ b  1/5 cancel f  40 B  ✗ lost, and the connection with it"},
		{"a frame that arrives at once took no time", local.Event{Time: ms, Sent: ms, Kind: local.Frame, From: "a", To: "a", Link: 2, Message: "result", Content: "1", Size: 9}, "1.000ms  a → a  2/0 1  9 B"},
		{"a connection", local.Event{Time: 2 * ms, Sent: ms, Kind: local.Connect, From: "a", To: "b", Link: 3}, "2.000ms  a ⇢ b  connection 3  took 1ms"},
		{"a refused connection", local.Event{Time: 2 * ms, Sent: ms, Kind: local.Connect, From: "a", To: "b", Link: 3, Outcome: "refused: partition"}, "2.000ms  a ↛ b  connection 3  ✗ refused: partition"},
		{"a closed connection", local.Event{Kind: local.Close, From: "a", To: "b", Link: 3}, "0.000ms  a × b  connection 3 closed"},
		{"a broken connection", local.Event{Kind: local.Close, From: "a", To: "b", Link: 3, Outcome: "reset"}, "0.000ms  a × b  connection 3 closed  ✗ reset"},
		{"a listener", local.Event{Kind: local.Listen, From: "a"}, "0.000ms  a  listens"},
		{"a partition", local.Event{Kind: local.Partition, Note: "[[a] [b]]"}, "0.000ms  partition [[a] [b]]"},
		{"its end", local.Event{Kind: local.Heal}, "0.000ms  the partition ends"},
		{"a crash", local.Event{Kind: local.Crash, From: "a"}, "0.000ms  a  crashes"},
		{"a restart", local.Event{Kind: local.Restart, From: "a"}, "0.000ms  a  is started again"},
		{"a note of several lines", local.Event{Kind: local.Note, Note: "x\ny"}, "0.000ms  x y"},
		{"another kind", local.Event{Kind: "flood", From: "a", Note: "x"}, "0.000ms  a  flood x"},
		{"times from 10 seconds on are in seconds", local.Event{Time: 10 * time.Second, Kind: local.Heal}, "10.000000s  the partition ends"},
		{"minutes", local.Event{Time: 61*time.Second + 1500*time.Microsecond, Kind: local.Heal}, "1m01.001500s  the partition ends"},
		{"hours", local.Event{Time: 49*time.Hour + 2*time.Minute, Kind: local.Heal}, "49h02m00.000000s  the partition ends"},
		{
			"long arguments are cut", frame("request", 1, "f", `["`+strings.Repeat("ä", 100)+`"]`),
			`25.000ms  a → b  1/1 f("` + strings.Repeat("ä", 58) + "…)  40 B  took 5ms",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			if got := test.event.String(); got != test.want {
				t.Errorf("\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

// envoy gives a date and itself away.
type envoy struct{ *gomas.Agent }

func TestTheTextIsTheSameWhateverTheCodec(t *testing.T) {
	var want []string
	for _, format := range []codec.Codec{json.Codec{}, msgpack.Codec{}, blosc.Codec{}} {
		trace := local.NewTrace(local.All)
		err := local.Run(t.Context(), &local.Options{Trace: trace}, func(ctx context.Context) error {
			var envoys [2]*envoy
			for i, name := range []string{"a", "b"} {
				c, err := gomas.NewContainer(ctx, "local://"+name, &gomas.Options{Codec: format})
				if err != nil {
					return err
				}
				if envoys[i], err = gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*envoy, error) {
					a.Services().Handle("swap(who, when)", func(who rpc.Remote, when time.Time) []any { return []any{when, a.Remote(), who} })
					return &envoy{a}, nil
				}); err != nil {
					return err
				}
			}
			a, b := envoys[0], envoys[1]
			return a.Do(ctx, func(ctx context.Context) error {
				r, err := a.Connect(ctx, b.URL())
				if err == nil {
					_, err = rpc.Call[[]any](ctx, r, "swap", a.Remote(), time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, e := range local.Messages(trace.Events()) {
			lines = append(lines, e.Line())
		}
		if want == nil {
			want = []string{
				"a -> b: 0.swap(local://a/0, 2030-01-02T03:04:05+00:00)",
				"b -> a: [2030-01-02T03:04:05+00:00, local://b/0, local://a/0]",
			}
		}
		if !slices.Equal(lines, want) {
			t.Errorf("in %s it is\n%s\nwant\n%s", format.Name(), strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
	}
}

func text(t *testing.T, events ...local.Event) string {
	t.Helper()
	var b bytes.Buffer
	if err := local.WriteText(&b, events); err != nil {
		t.Fatal(err)
	}
	return "\n" + b.String()
}

func TestAReplyShowsTheCallThatItAnswers(t *testing.T) {
	inA := func(e local.Event) local.Event {
		e.From, e.To = "a", "a"
		return e
	}
	for _, test := range []struct {
		what   string
		events []local.Event
		want   string
	}{
		{
			"even if a later one is answered first",
			[]local.Event{
				frame("request", 1, "f", "[1]"), frame("request", 2, "f", "[2]"),
				back(frame("result", 2, "f", "20")), back(frame("failure", 1, "f", `"E: x"`)),
			},
			`
25.000ms  a → b  1/1 f(1)               40 B  took 5ms
25.000ms  a → b  1/2 f(2)               40 B  took 5ms
25.000ms  b → a  1/2 f(2) = 20          40 B  took 5ms
25.000ms  b → a  1/1 f(1) failed: E: x  40 B  took 5ms
`,
		},
		{
			"and not one with the same number in the other direction",
			[]local.Event{
				frame("request", 1, "f", "[1]"), back(frame("request", 1, "f", "[2]")),
				back(frame("result", 1, "f", "10")), frame("result", 1, "f", "20"),
			},
			`
25.000ms  a → b  1/1 f(1)       40 B  took 5ms
25.000ms  b → a  1/1 f(2)       40 B  took 5ms
25.000ms  b → a  1/1 f(1) = 10  40 B  took 5ms
25.000ms  a → b  1/1 f(2) = 20  40 B  took 5ms
`,
		},
		{
			"but not if it cannot be told, inside one container",
			[]local.Event{
				inA(frame("request", 1, "f", "[1]")), inA(frame("request", 1, "f", "[2]")),
				inA(frame("result", 1, "f", "10")), inA(frame("result", 1, "f", "20")),
			},
			`
25.000ms  a → a  1/1 f(1)       40 B  took 5ms
25.000ms  a → a  1/1 f(2)       40 B  took 5ms
25.000ms  a → a  1/1 f(…) = 10  40 B  took 5ms
25.000ms  a → a  1/1 f(…) = 20  40 B  took 5ms
`,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			if got := text(t, test.events...); got != test.want {
				t.Errorf("got%swant%s", got, test.want)
			}
		})
	}
}

func TestColumnsAreAlignedOverAllEvents(t *testing.T) {
	call := frame("request", 1, "agents/0/add", "[3, 4]")
	call.From = "market"
	late := local.Event{Time: time.Hour, Kind: local.Crash, From: "b"}
	long := frame("request", 2, "agents/0/add", `["`+strings.Repeat("x", 60)+`"]`)
	got := text(t, local.Event{Kind: local.Listen, From: "b"}, call, lost(call), long, local.Event{Kind: local.Note, Note: "ü"}, late)
	want := `
      0.000000s       b      listens
      0.025000s  market → b  1/1 0.add(3, 4)                                           40 B  took 5ms
      0.025000s  market ↛ b  1/1 0.add(3, 4)                                           40 B  ✗ lost, and the connection with it
      0.025000s       a → b  1/2 0.add("` + strings.Repeat("x", 58) + `…)  40 B  took 5ms
      0.000000s              ü
1h00m00.000000s       b      crashes
`
	if got != want {
		t.Errorf("got%swant%s", got, want)
	}
}

func TestAnyEventIsOneLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		for _, line := range []string{e.String(), e.Line()} {
			if strings.ContainsAny(line, "\n\r\t\x1b\u2028\u2029") || !utf8.ValidString(line) {
				t.Fatalf("%q", line)
			}
		}
	})
}
