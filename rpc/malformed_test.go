package rpc_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	jsoncodec "github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/rpc"
)

// wire is a connection to a server without anything in between.
type wire struct{ net.Conn }

func dialWire(t testing.TB, srv *rpc.Server) wire {
	t.Helper()
	network, address := "tcp", strings.TrimPrefix(srv.Addr(), "tcp://")
	if path, ok := strings.CutPrefix(srv.Addr(), "ipc://["); ok {
		network, address = "unix", strings.TrimSuffix(path, "]")
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // often closed by the peer already
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return wire{conn}
}

// send sends one frame.
func (w wire) send(payload string) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...))
	return err
}

// receive returns the payload of the next frame, without white space around
// it: other software does not notice that either. It fails when the peer has
// closed the connection, or does nothing until the deadline.
func (w wire) receive() (string, error) {
	var header [4]byte
	if _, err := io.ReadFull(w, header[:]); err != nil {
		return "", err
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err := io.ReadFull(w, payload)
	return strings.TrimSpace(string(payload)), err
}

// ask sends a request with the id 7 and returns the type and the content of
// the reply, or -1 if the peer drops the connection instead.
func (w wire) ask(t testing.TB, content string) (kind int, reply any) {
	t.Helper()
	if err := w.send("[0, 7, " + content + "]"); err != nil {
		t.Fatal(err)
	}
	payload, err := w.receive()
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		t.Fatalf("no answer to %.100s", content)
	case err != nil:
		return -1, nil
	}
	var message []any
	if err := json.Unmarshal([]byte(payload), &message); err != nil || len(message) != 3 || message[1] != 7.0 {
		t.Fatalf("answer %q to %.100s: %v", payload, content, err)
	}
	return int(message[0].(float64)), message[2]
}

// plain hides everything of a codec but the three methods.
type plain struct{ codec.Codec }

// eachEnvelope runs a test with a codec that takes messages apart by hand, and
// with one that leaves it to others.
func eachEnvelope(t *testing.T, test func(t *testing.T, opts *rpc.Options)) {
	t.Run("envelope of the codec", func(t *testing.T) { test(t, nil) })
	t.Run("envelope for any codec", func(t *testing.T) { test(t, &rpc.Options{Codec: plain{jsoncodec.Codec{}}}) })
}

func TestContentThatIsNoCallIsAnsweredWithAFailure(t *testing.T) {
	eachEnvelope(t, func(t *testing.T, opts *rpc.Options) {
		srv := serve(t, anyPort, calculator(), opts)
		other := dial(t, srv, nil, opts).Remote()
		w := dialWire(t, srv)
		lists := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
		for name, content := range map[string]string{
			"null":                     `null`,
			"a text":                   `"add"`,
			"a number":                 `7`,
			"a map":                    `{"path": "add", "args": [], "kwargs": {}}`,
			"an empty list":            `[]`,
			"a path alone":             `["add"]`,
			"two items":                `["add", [1, 2]]`,
			"four items":               `["add", [1, 2], {}, null]`,
			"a path that is a number":  `[7, [1, 2], {}]`,
			"a path that is a list":    `[["add"], [1, 2], {}]`,
			"a path that is null":      `[null, [1, 2], {}]`,
			"args that are a map":      `["add", {"a": 1, "b": 2}, {}]`,
			"args that are a text":     `["add", "12", {}]`,
			"kwargs that are a list":   `["add", [1, 2], []]`,
			"kwargs that are a number": `["add", [1, 2], 3]`,
			"lists 999 deep":           lists(999),
			"a path 997 lists deep":    `[` + lists(997) + `, [], {}]`,
		} {
			t.Run(name, func(t *testing.T) {
				kind, reply := w.ask(t, content)
				text, _ := reply.(string)
				if kind != 2 || !strings.HasPrefix(text, "TypeError: malformed call: ") || !strings.HasSuffix(text, "\n") {
					t.Errorf("type %d, content %q", kind, reply)
				}
				if kind, sum := w.ask(t, `["add", [3], {"b": 4}]`); kind != 1 || sum != 7.0 {
					t.Errorf("the next call: type %d, content %v", kind, sum)
				}
				mustAdd(t, other)
			})
		}
	})
}

func TestUnusualSpellingsOfACallAreUnderstood(t *testing.T) {
	eachEnvelope(t, func(t *testing.T, opts *rpc.Options) {
		w := dialWire(t, serve(t, anyPort, calculator(), opts))
		for name, content := range map[string]string{
			"no blanks":                        `["add",[3,4],{}]`,
			"white space everywhere":           " [ \"add\" ,\n[ 3 ,\t4 ] , { } ] ",
			"escapes in the path":              `["\u0061d\u0064", [3, 4], {}]`,
			"escapes in a keyword":             `["add", [3], {"\u0062": 4}]`,
			"a keyword twice, the last wins":   `["add", [3], {"b": "four", "b": 4}]`,
			"keywords in another order":        `["add", [], {"b": 4, "a": 3}]`,
			"white space in place of keywords": "[\"add\", [3, 4], {\n}]",
		} {
			if kind, sum := w.ask(t, content); kind != 1 || sum != 7.0 {
				t.Errorf("%s: type %d, content %v", name, kind, sum)
			}
		}
	})
}

func TestArgumentsThatAreNestedDeepAreRefusedOneWayOrTheOther(t *testing.T) {
	eachEnvelope(t, func(t *testing.T, opts *rpc.Options) {
		srv := serve(t, anyPort, calculator(), opts)
		other := dial(t, srv, nil, opts).Remote()
		for _, n := range []int{1, 500, 990, 996, 997, 998, 999, 1000, 1001, 100_000} {
			for _, form := range []string{`["add", [%s, 2], {}]`, `["add", [1], {"b": %s}]`, `["add", [1, 2], {"x": %s}]`, `["add", [1, 2, %s], {}]`} {
				deep := strings.Repeat("[", n) + strings.Repeat("]", n)
				kind, reply := dialWire(t, srv).ask(t, fmt.Sprintf(form, deep))
				// The message, the call and its arguments are three more levels.
				if want := map[bool]int{true: 2, false: -1}[n <= codec.MaxDepth-3]; kind != want {
					t.Errorf("%s with lists %d deep: type %d, want %d; content %.100q", form, n, kind, want, reply)
				}
			}
		}
		mustAdd(t, other)
	})
}

func TestContentThatIsNoJSONEndsItsConnectionAlone(t *testing.T) {
	eachEnvelope(t, func(t *testing.T, opts *rpc.Options) {
		srv := serve(t, anyPort, calculator(), opts)
		other := dial(t, srv, nil, opts).Remote()
		for name, content := range map[string]string{
			"nothing":                     ``,
			"a word":                      `add`,
			"a list that is not closed":   `["add", [1, 2], {}`,
			"brackets that do not match":  `["add", [1, 2}, {}]`,
			"a comma too many":            `["add", [1, 2,], {}]`,
			"no comma":                    `["add", [1 2], {}]`,
			"a key without a value":       `["add", [1], {"b"}]`,
			"a key that is no text":       `["add", [1], {2: 2}]`,
			"a bad escape in the path":    `["\x61dd", [1, 2], {}]`,
			"a path that is no UTF-8":     "[\"add\xff\", [1, 2], {}]",
			"a number with a leading 0":   `["add", [01, 2], {}]`,
			"a bad number in a keyword":   `["add", [1], {"b": 1.}]`,
			"a second value":              `["add", [1, 2], {}] 7`,
			"a custom type nobody knows":  `["add", [1, {"__type__": [99, 0]}], {}]`,
			"a custom type, not finished": `["add", [1], {"b": {"__type__": 0}}]`,
		} {
			t.Run(name, func(t *testing.T) {
				if kind, reply := dialWire(t, srv).ask(t, content); kind != -1 {
					t.Errorf("answered with type %d, content %q", kind, reply)
				}
				mustAdd(t, other)
			})
		}
	})
}

func TestACallerThatHangsUpAtOnceHarmsNobody(t *testing.T) {
	srv := serve(t, anyPort, calculator(), nil)
	other := dial(t, srv, nil, nil).Remote()
	for _, part := range []string{"", "\x00", "\x00\x00\x00\x20[0, 1, ", "\x00\x00\x00\x1b[0, 0, [\"add\", [1, 2], {}]]"} {
		w := dialWire(t, srv)
		if _, err := io.WriteString(w, part); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	mustAdd(t, other)
}

// FuzzContent sends any content to functions of all kinds: it is answered, or
// its connection ends, and another connection goes on.
func FuzzContent(f *testing.F) {
	for _, content := range []string{
		`["add", [3, 4], {}]`, `["add", [3], {"b": 4}]`, `["sub/take", [{"orders": [{"price": 1.5}]}], {}]`,
		`["sub/raw", [[1, {"x": null}], "y"], {"c": NaN}]`, `["sub/no", [], {}]`, `[null, [], {}]`, `["", [1], {"": 1}]`,
		`["sub/raw", [{"__type__": [0, 1]}], {}]`, `["add", [1, 2], {"a": 1, "a": 2}]`, `null`, `[[[[[]]]]]`,
		`["sub/further", [1, {"x": [2]}, null], {}]`, `["sub/further", [], {"a": [3]}]`, "[\"add\xff\"",
		`["sub/meet", [{"__type__": [0, "x"]}, ["/sub"]], {}]`, `["sub/meet", ["tcp://x:1/0", [{"__type__": [0, "/"]}, "\u0000"]], {}]`,
	} {
		f.Add([]byte(content))
	}
	const (
		take rpc.Func1[shop, any]                          = "take(shop)"
		raw  rpc.Func3[codec.Raw, []codec.Raw, any, []any] = "raw(a, b, c)"
	)
	svc, sub := calculator(), rpc.NewService()
	svc.Mount("sub", sub)
	take.Handle(sub, func(_ context.Context, s shop) (any, error) { return s, nil })
	raw.Handle(sub, func(_ context.Context, a codec.Raw, b []codec.Raw, c any) ([]any, error) { return []any{a, b, c}, nil })
	sub.Handle(`further(a=["x"], *rest)`, func(a any, rest ...[]any) (any, [][]any) { return a, rest })
	sub.Handle("meet(r, all)", func(r rpc.Remote, all []rpc.Remote) (rpc.Remote, string) { return r, fmt.Sprint(all) })
	srv := serve(f, socketAddr(f), svc, nil) // TCP would run out of ports
	other := dial(f, srv, nil, nil).Remote()
	f.Fuzz(func(t *testing.T, content []byte) {
		w := dialWire(t, srv)
		if err := w.send("[0, 7, " + string(content) + "]"); err != nil {
			t.Fatal(err)
		}
		reply, err := w.receive()
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatalf("no answer to %q", content)
		}
		if err == nil && !strings.HasPrefix(reply, "[1, 7, ") && !strings.HasPrefix(reply, "[2, 7, ") {
			t.Errorf("answer %q to %q", reply, content)
		}
		mustAdd(t, other)
	})
}
