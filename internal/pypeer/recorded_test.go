package pypeer_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
)

// frame is one frame that two Python programs exchanged, from
// testdata/frames.jsonl.
type frame struct {
	Layer, Codec, Label string
	Dir                 string // ">" from the peer that dialled, "<" from the one that listened
	Hex                 string
}

func (f frame) bytes(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString(f.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allFrames(t *testing.T) []frame {
	t.Helper()
	file, err := os.Open("testdata/frames.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var frames []frame
	for d := json.NewDecoder(file); ; {
		var f frame
		if err := d.Decode(&f); err == io.EOF {
			return frames
		} else if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

// recorded returns the JSON frames with a label, in the order in which they
// were sent.
func recorded(t *testing.T, layer, label string) []frame {
	t.Helper()
	var frames []frame
	for _, f := range allFrames(t) {
		if f.Layer == layer && f.Label == label && f.Codec == "json" {
			frames = append(frames, f)
		}
	}
	if len(frames) == 0 {
		t.Fatalf("no frame is labelled %s: %s", layer, label)
	}
	return frames
}

func TestAServerSendsTheRecordedFrames(t *testing.T) {
	script := pypeer.Start(t, "script")
	for _, server := range []struct {
		mode, layer string
		labels      []string
	}{
		{"serve-channel", "channel", []string{
			"first request (message ids start at 0)",
			"second request",
			"value 1267650600228229401496703205376",
			"float 1.0",
			"float 1e+16",
			"nan inf -inf",
			"unicode",
			"lone surrogate",
			"dict (insertion order)",
		}},
		{"serve-rpc", "rpc", []string{
			"add(1, 2)",
			"kwargs only add(b=2, a=1)",
			"args and kwargs",
			"nested path sub/inner/mul",
		}},
		{"serve-agents", "agent", []string{
			"connect(0): validate_aid",
			"connect(1): same connection",
			"connect(9): unknown agent",
			"connect(x) non-numeric",
			"validate_aid(0) with an int",
			"ident",
			"date result",
			"agent proxy result",
			"proxy argument + callback",
		}},
	} {
		peer := pypeer.Start(t, server.mode, "tcp://127.0.0.1:0")
		for _, label := range server.labels {
			t.Run(server.layer+" "+label, func(t *testing.T) {
				do(t, script, "dial", "addr", peer.Addr)
				for sent, want := range exchanges(recorded(t, server.layer, label)) {
					got := do(t, script, "raw", "hex", sent, "want", len(want)/2, "read", 10)
					if got["hex"] != want {
						t.Errorf("reply to %q is %q, recorded is %q", text(t, sent), text(t, got["hex"]), text(t, want))
					}
				}
				do(t, script, "close")
			})
		}
	}
}

// exchanges yields the frames in turns: what the dialling peer sent, and what
// it got before it sent again.
func exchanges(frames []frame) func(yield func(sent, got string) bool) {
	return func(yield func(sent, got string) bool) {
		for len(frames) > 0 {
			var sent, got string
			for ; len(frames) > 0 && frames[0].Dir == ">"; frames = frames[1:] {
				sent += frames[0].Hex
			}
			for ; len(frames) > 0 && frames[0].Dir == "<"; frames = frames[1:] {
				got += frames[0].Hex
			}
			if !yield(sent, got) {
				return
			}
		}
	}
}

func TestAFailureOfAChannelIsTheRecordedFrame(t *testing.T) {
	_, script := dialled(t, "serve-channel")
	request := payload(t, `[0, 2, {"fail": "spam \u00e4 \"q\"\nline2"}]`)
	want := recorded(t, "channel", "fail")[1].Hex
	got := do(t, script, "raw", "hex", request, "want", len(want)/2, "read", 10)
	if got["hex"] != want {
		t.Errorf("failure is %q, recorded is %q", text(t, got["hex"]), text(t, want))
	}
}

func TestAClientSendsTheRecordedFrames(t *testing.T) {
	ask := func(content any) map[string]any { return map[string]any{"op": "ask", "content": content} }
	call := func(path, args, kwargs string) map[string]any {
		return map[string]any{
			"op": "call", "path": path, "args": json.RawMessage(args), "kwargs": json.RawMessage(kwargs),
		}
	}
	for _, test := range []struct {
		name, layer string
		labels      []string // of the requests from id 0 on
		commands    []map[string]any
	}{
		{"requests of a channel", "channel", []string{
			"first request (message ids start at 0)", "second request",
			"value None", "value True", "value False", "value 0",
		}, []map[string]any{ask("ohai"), ask("ohai"), ask(nil), ask(true), ask(false), ask(0)}},
		{"remote procedure calls", "rpc", []string{
			"add(1, 2)", "no arguments, None result", "kwargs only add(b=2, a=1)",
			"args and kwargs", "nested path sub/inner/mul",
		}, []map[string]any{
			call("add", `[1, 2]`, `{}`),
			call("nothing", `[]`, `{}`),
			call("add", `[]`, `{"b": 2, "a": 1}`),
			call("echo", `[1, "b"]`, `{"k": [1, {"x": null}]}`),
			call("sub/inner/mul", `[6, 7]`, `{}`),
		}},
		{"connecting to an agent", "agent", []string{"connect(0): validate_aid"}, []map[string]any{
			call("validate_aid", `["0"]`, `{}`),
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var frames []frame
			for _, label := range test.labels {
				frames = append(frames, recorded(t, test.layer, label)...)
			}
			script, replayed := replay(t, frames, false)
			for i, cmd := range test.commands {
				if got := script.Do(t, cmd); got["failure"] != nil || got["lost"] != nil || got["error"] != nil {
					t.Errorf("%s has the result %v", test.labels[i], got)
				}
			}
			if err := <-replayed; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAClientAnswersWithTheRecordedFrames(t *testing.T) {
	for _, test := range []struct {
		name, layer, label string
		services           bool
	}{
		{"a question on a channel", "channel", "request from the server to the client (own id space)", false},
		{"a call of the root service", "rpc", "callback: proxy argument (root)", true},
		{"a call of a service below", "rpc", "callback: proxy argument (child)", true},
		{"a call of an agent", "agent", "proxy argument + callback", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The frames are the client's request, the call back, its result, and the reply.
			callback := recorded(t, test.layer, test.label)[1:3]
			_, replayed := replay(t, callback, test.services)
			if err := <-replayed; err != nil {
				t.Error(err)
			}
		})
	}
}

// replay has a scripted peer dial a server that plays the listening side of
// frames and compares what it gets with the dialling side. The channel gives
// the first difference, or nil at the end.
func replay(t *testing.T, frames []frame, services bool) (*pypeer.Peer, <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	script := pypeer.Start(t, "script")
	do(t, script, "dial", "addr", "tcp://"+listener.Addr().String(), "services", services)
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })

	var steps [][]byte
	for _, f := range frames {
		steps = append(steps, f.bytes(t))
	}
	replayed := make(chan error, 1)
	go func() {
		for i, f := range frames {
			if f.Dir == "<" {
				if _, err := conn.Write(steps[i]); err != nil {
					replayed <- err
					return
				}
				continue
			}
			got, err := readFrame(conn)
			if err != nil || !bytes.Equal(got, steps[i]) {
				replayed <- fmt.Errorf("%s: got %q (%v), recorded is %q", f.Label, got, err, steps[i])
				conn.Close() // the script must not wait for a reply
				return
			}
		}
		replayed <- nil
	}()
	return script, replayed
}

func readFrame(r io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	var frame bytes.Buffer
	frame.Write(header[:])
	_, err := io.CopyN(&frame, r, int64(binary.BigEndian.Uint32(header[:])))
	return frame.Bytes(), err
}

func TestEveryDumpOfPythonInTheSpecificationIsARecordedFrame(t *testing.T) {
	known := map[string]bool{}
	for _, f := range allFrames(t) {
		known[f.Dir+f.Hex] = true
	}
	spec, err := os.Open("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	defer spec.Close()

	row := regexp.MustCompile(`^ {4}([ <>]) [0-9a-f]{8}  ([0-9a-f ]{48})  \|`)
	var dumps []string
	ofPython := true // the others are checked where they are sent, in package channel
	for lines := bufio.NewScanner(spec); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "#") {
			ofPython = line != "### 17.6 Between two gomas"
		}
		cells := row.FindStringSubmatch(lines.Text())
		if cells == nil || !ofPython {
			continue
		}
		dir, octets := cells[1], strings.ReplaceAll(cells[2], " ", "")
		if dir == " " {
			dumps[len(dumps)-1] += octets
		} else {
			dumps = append(dumps, dir+octets)
		}
	}
	if len(dumps) < 30 {
		t.Fatalf("the specification has only %d dumps", len(dumps))
	}
	for _, dump := range dumps {
		if !known[dump] {
			t.Errorf("no recorded frame is %s", dump)
		}
	}
}
