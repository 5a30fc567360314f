package pypeer_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
)

// do carries out a command, given as its op, and names and values in turns.
func do(t *testing.T, p *pypeer.Peer, op string, parameters ...any) map[string]any {
	t.Helper()
	cmd := map[string]any{"op": op}
	for i := 0; i < len(parameters); i += 2 {
		cmd[parameters[i].(string)] = parameters[i+1]
	}
	result := p.Do(t, cmd)
	if result["error"] != nil {
		t.Fatalf("%v: %v", cmd, result["error"])
	}
	return result
}

// dialled returns a serving peer, and a script that is connected to it.
func dialled(t *testing.T, mode string) (server, script *pypeer.Peer) {
	t.Helper()
	server = pypeer.Start(t, mode, "tcp://127.0.0.1:0")
	script = pypeer.Start(t, "script")
	types := []string{"reference"}
	if mode == "serve-agents" || mode == "serve-manager" {
		types = []string{"date", "reference"}
	}
	do(t, script, "dial", "addr", server.Addr, "services", mode != "serve-channel", "types", types)
	return server, script
}

// payload returns a frame around a payload, in hexadecimal.
func payload(t *testing.T, payload string) string {
	t.Helper()
	return hex.EncodeToString(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...))
}

// text is the inverse of hex.EncodeToString, for messages.
func text(t *testing.T, s any) string {
	t.Helper()
	b, err := hex.DecodeString(s.(string))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// equal compares a result with JSON text, in which 1 and 1.0 differ.
func equal(t *testing.T, got any, want string) {
	t.Helper()
	var value any
	d := json.NewDecoder(strings.NewReader(want))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if !reflect.DeepEqual(got, value) {
		t.Errorf("got %v, want %v", got, value)
	}
}

func TestAChannel(t *testing.T) {
	server, script := dialled(t, "serve-channel")
	for _, test := range []struct{ name, content, want string }{
		{"echoes a value", `[1, 1.0, "ä", null, {"k": []}]`, `{"reply": [1, 1.0, "ä", null, {"k": []}]}`},
		{"echoes an integer of any size", `1267650600228229401496703205376`, `{"reply": 1267650600228229401496703205376}`},
		{"fails when asked to", `{"fail": "spam"}`, `{"failure": "ValueError: spam\n"}`},
		{"asks back on the same connection", `{"ask": "x"}`, `{"reply": {"you asked": ["asked", "x"]}}`},
		{"replies later", `{"sleep": 0.01, "value": "late"}`, `{"reply": "late"}`},
		{"closes without a reply", `"close"`, `{"lost": "connection reset"}`},
		{"stays closed", `"ohai"`, `{"lost": "connection reset"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			equal(t, do(t, script, "ask", "content", json.RawMessage(test.content)), test.want)
		})
	}

	t.Run("lets replies overtake each other", func(t *testing.T) {
		do(t, script, "dial", "addr", server.Addr)
		got := do(t, script, "many", "contents", json.RawMessage(
			`[{"sleep": 0.3, "value": "first"}, {"sleep": 0.1, "value": "second"}, "third"]`))
		equal(t, got, `{"results": [{"reply": "first"}, {"reply": "second"}, {"reply": "third"}], "order": [2, 1, 0]}`)
	})
	t.Run("loses every request that waits when it closes", func(t *testing.T) {
		got := do(t, script, "many", "contents", json.RawMessage(`[{"sleep": 60, "value": 0}, "close"]`))
		equal(t, got["results"], `[{"lost": "connection reset"}, {"lost": "connection reset"}]`)
	})
}

func TestCallsInBothDirections(t *testing.T) {
	_, rpc := dialled(t, "serve-rpc")
	agents, agent := dialled(t, "serve-agents")
	for _, test := range []struct {
		name         string
		script       *pypeer.Peer
		path, args   string
		kwargs, want string
	}{
		{"a call by position", rpc, "add", `[1, 2]`, `{}`, `3`},
		{"a call by names", rpc, "add", `[]`, `{"a": 1.5, "b": 2}`, `3.5`},
		{"both mixed", rpc, "echo", `[1, "b"]`, `{"k": [null]}`, `[[1, "b"], {"k": [null]}]`},
		{"a service below", rpc, "sub/mul", `[6, 7]`, `{}`, `42`},
		{"a service further below", rpc, "sub/inner/neg", `[1]`, `{}`, `-1`},
		{
			"a call back to the root", rpc, "callback", `[{"__type__": [0, ""]}, "hi"]`, `{}`,
			`["peer said", ["client got", "hi"]]`,
		},
		{
			"a call back to a service below", rpc, "callback", `[{"__type__": [0, "child"]}, "hi"]`, `{}`,
			`["peer said", ["child got", "hi"]]`,
		},
		{"the type of an agent", agent, "validate_aid", `["1"]`, `{}`, `"CounterAgent"`},
		{"an agent that does not exist", agent, "validate_aid", `["2"]`, `{}`, `null`},
		{"an agent", agent, "agents/0/ident", `[[]]`, `{}`, `[]`},
		{"the address of an agent", agent, "agents/1/url", `[]`, `{}`, `"` + agents.Addr + `/1"`},
		{"an agent's state", agent, "agents/1/incr", `[2]`, `{}`, `2`},
		{"an agent's state later", agent, "agents/1/incr", `[3]`, `{}`, `5`},
		{
			"a call back to an agent", agent, "agents/1/ask", `[{"__type__": [1, "agents/0"]}, "q"]`, `{}`,
			`["it said", ["caller answers", "q"]]`,
		},
		{"an agent as a result", agent, "agents/1/me", `[]`, `{}`, `{"reference": "agents/1"}`},
		{"a date as a result", agent, "agents/0/date", `[]`, `{}`, `{"date": "2010-03-27T00:00:00+01:00"}`},
		{
			"a date with Z", agent, "agents/0/ident", `[{"__type__": [0, "2010-03-27T00:00:00Z"]}]`, `{}`,
			`{"date": "2010-03-27T00:00:00+00:00"}`,
		},
		{
			"a date with nanoseconds", agent, "agents/0/ident",
			`[{"__type__": [0, "2010-03-27T00:00:00.000789123+00:00"]}]`, `{}`,
			`{"date": "2010-03-27T00:00:00.000789+00:00"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := do(t, test.script, "call",
				"path", test.path, "args", json.RawMessage(test.args), "kwargs", json.RawMessage(test.kwargs))
			equal(t, got, `{"reply": `+test.want+`}`)
		})
	}
}

func TestAManagerSpawnsAgentsSetsTheTimeAndStops(t *testing.T) {
	server, script := dialled(t, "serve-manager")
	for _, test := range []struct{ name, path, args, kwargs, want string }{
		{"an agent", "spawn", `["agents:CounterAgent", 5]`, `{}`, `{"reply": [{"reference": "agents/1"}, "ADDR/1"]}`},
		{"another, by keyword", "spawn", `["agents:CounterAgent"]`, `{"total": 7}`, `{"reply": [{"reference": "agents/2"}, "ADDR/2"]}`},
		{"the time", "set_time", `[2.5]`, `{}`, `{"reply": null}`},
		{"the time is set", "time", `[]`, `{}`, `{"reply": 2.5}`},
		{"the end", "stop", `[]`, `{}`, `{"reply": null}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := do(t, script, "call", "path", "agents/0/"+test.path, "args", json.RawMessage(test.args), "kwargs", json.RawMessage(test.kwargs))
			equal(t, got, strings.ReplaceAll(test.want, "ADDR", server.Addr))
			if test.path == "spawn" {
				path := got["reply"].([]any)[0].(map[string]any)["reference"].(string)
				if got := do(t, script, "call", "path", path+"/url"); got["reply"] != server.Addr+"/"+strings.TrimPrefix(path, "agents/") {
					t.Errorf("its URL is %v", got)
				}
			}
		})
	}
}

func TestFailuresOfCallsEndInTheLineOfTheSpecification(t *testing.T) {
	_, rpc := dialled(t, "serve-rpc")
	_, agent := dialled(t, "serve-agents")
	for _, test := range []struct {
		script     *pypeer.Peer
		path, args string
		kwargs     string
		want       string // what the last line begins with
	}{
		{rpc, "x", `[]`, `{}`, `LookupError: Name "x" not found in ""`},
		{rpc, "sub/x", `[]`, `{}`, `LookupError: Name "x" not found in "sub"`},
		{rpc, "sub/inner/x", `[]`, `{}`, `LookupError: Name "x" not found in "sub/inner"`},
		{rpc, "sub/no/mul", `[6, 7]`, `{}`, `LookupError: Name "no" not found in "sub"`},
		{rpc, "", `[]`, `{}`, `LookupError: Name "" not found in ""`},
		{rpc, "/add", `[1, 2]`, `{}`, `LookupError: Name "" not found in ""`},
		{rpc, "add/", `[1, 2]`, `{}`, `LookupError: Name "" not found in "add"`},
		{rpc, "sub//mul", `[6, 7]`, `{}`, `LookupError: Name "" not found in "sub"`},
		{rpc, "secret", `[]`, `{}`, `LookupError: "secret" is not exposed`},
		{rpc, "_resolve", `["add"]`, `{}`, `LookupError: Name "_resolve" not found in ""`},
		{rpc, "sub", `[]`, `{}`, `TypeError: `},
		{rpc, "add", `[1]`, `{}`, `TypeError: `},
		{rpc, "add", `[1, 2, 3]`, `{}`, `TypeError: `},
		{rpc, "add", `[1]`, `{"b": 2, "c": 3}`, `TypeError: `},
		{rpc, "fail", `["eggs \u00e4"]`, `{}`, `ValueError: eggs ä`},
		{rpc, "callback", `[{"__type__": [0, "no"]}, 1]`, `{}`, `LookupError: Name "no" not found in ""`},
		{rpc, "echo", `[{"__type__": [0, ""]}]`, `{}`, `TypeError: Proxy cannot be sent`},
		{agent, "agents", `[1]`, `{}`, `TypeError: `},
		{agent, "agents/9/ident", `[1]`, `{}`, `LookupError: Name "9" not found in "agents"`},
		{agent, "agents/0/x", `[]`, `{}`, `LookupError: Name "x" not found in "agents/0"`},
	} {
		t.Run(test.path+test.args, func(t *testing.T) {
			got := do(t, test.script, "call",
				"path", test.path, "args", json.RawMessage(test.args), "kwargs", json.RawMessage(test.kwargs))
			failure, ok := got["failure"].(string)
			if !ok || !strings.HasPrefix(failure, "Traceback (most recent call last):\n") {
				t.Fatalf("got %v, want a failure with a traceback", got)
			}
			lines := strings.Split(strings.TrimSpace(failure), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, test.want) {
				t.Errorf("last line is %q, want %q", last, test.want)
			}
		})
	}
}

func TestAFaultClosesTheConnectionWithoutAFrame(t *testing.T) {
	server, script := dialled(t, "serve-rpc")
	for _, test := range []struct{ name, frame string }{
		{"a frame of length 0", "00000000"},
		{"no JSON", payload(t, `[0, 0, `)},
		{"bytes after the value", payload(t, `[0, 0, 1] 2`)},
		{"a byte order mark", payload(t, "\ufeff[0, 0, 1]")},
		{"text that is not UTF-8", payload(t, "[0, 0, \"\xff\"]")},
		{"nesting without end", payload(t, "[0, 0, "+strings.Repeat("[", 100_000))},
		{"no list", payload(t, `{}`)},
		{"a list of two", payload(t, `[0, 0]`)},
		{"an unknown type of message", payload(t, `[3, 0, 1]`)},
		{"a reply to an unknown request", payload(t, `[1, 0, 1]`)},
		{"a failure of an unknown request", payload(t, `[2, 0, "x"]`)},
		{"a custom type that is unknown", payload(t, `[0, 0, {"__type__": [1, ""]}]`)},
		{"a custom type without a pair", payload(t, `[0, 0, {"__type__": 0}]`)},
		{"a custom type with the wrong data", payload(t, `[0, 0, {"__type__": [0, 1]}]`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			do(t, script, "dial", "addr", server.Addr)
			equal(t, do(t, script, "raw", "hex", test.frame, "read", 10), `{"hex": "", "closed": true}`)
			do(t, script, "close")
		})
	}

	t.Run("as does the end of the stream", func(t *testing.T) {
		do(t, script, "dial", "addr", server.Addr)
		equal(t, do(t, script, "raw", "hex", "", "eof", true, "read", 10), `{"hex": "", "closed": true}`)
	})
}

func TestContentThatIsNoCallStaysWithoutAReply(t *testing.T) {
	_, script := dialled(t, "serve-rpc")
	want := payload(t, `[1, 9, 3]`)
	for _, content := range []string{`1`, `["add", [1, 2]]`, `[1, [], {}]`} {
		frames := payload(t, `[0, 8, `+content+`]`) + payload(t, `[0, 9, ["add", [1, 2], {}]]`)
		got := do(t, script, "raw", "hex", frames, "want", len(want)/2, "read", 10)
		equal(t, got, `{"hex": "`+want+`", "closed": false}`)
	}
}

func TestAPeerListensOnAUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "p") // short, as the path of a socket must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	addr := "ipc://[" + filepath.Join(dir, "s") + "]"
	server := pypeer.Start(t, "serve-channel", addr)
	if server.Addr != addr {
		t.Errorf("listens at %s, want %s", server.Addr, addr)
	}
	script := pypeer.Start(t, "script")
	do(t, script, "dial", "addr", addr)
	equal(t, do(t, script, "ask", "content", "ohai"), `{"reply": "ohai"}`)
}

func TestAScript(t *testing.T) {
	server, script := dialled(t, "serve-rpc")
	t.Run("sends many calls at once", func(t *testing.T) {
		got := do(t, script, "many", "path", "add", "args", []int{1, 2}, "n", 3)
		equal(t, got["results"], `[{"reply": 3}, {"reply": 3}, {"reply": 3}]`)
	})
	t.Run("spells floats that JSON does not have", func(t *testing.T) {
		// Go cannot send them, but Python adds them up.
		got := do(t, script, "call", "path", "add", "args", json.RawMessage(`[1e308, 1e308]`))
		equal(t, got, `{"reply": {"float": "Infinity"}}`)
	})
	t.Run("says when its connection is gone", func(t *testing.T) {
		do(t, script, "close")
		equal(t, do(t, script, "call", "path", "add", "args", []int{1, 2}), `{"lost": "connection reset"}`)
	})
	for _, test := range []struct {
		name string
		cmd  map[string]any
	}{
		{"refuses an unknown op", map[string]any{"op": "dance"}},
		{"refuses an unknown parameter", map[string]any{"op": "ask", "content": 1, "loud": true}},
		{"cannot dial where nobody listens", map[string]any{"op": "dial", "addr": "ipc://[/does/not/exist]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := script.Do(t, test.cmd); got["error"] == nil {
				t.Errorf("result is %v, want an error", got)
			}
		})
	}
	t.Run("goes on after an error", func(t *testing.T) {
		do(t, script, "dial", "addr", server.Addr)
		equal(t, do(t, script, "call", "path", "add", "args", []int{1, 2}), `{"reply": 3}`)
	})
}

func TestAPeerCostsNoGoroutine(t *testing.T) {
	_, script := dialled(t, "serve-rpc")
	do(t, script, "call", "path", "add", "args", []int{1, 2})
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, creator := range []string{"github.com/gomas/gomas/internal/pypeer.", "os/exec."} {
		if bytes.Contains(stacks, []byte("created by "+creator)) {
			t.Errorf("a goroutine of %s is running:\n%s", creator, stacks)
		}
	}
}
