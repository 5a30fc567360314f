package rpc_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	jsoncodec "github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

// recorded returns the only frame with a label that two Python programs
// exchanged.
func recorded(t *testing.T, format, label string) string {
	t.Helper()
	file, err := os.Open("../internal/pypeer/testdata/frames.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var found []string
	for d := json.NewDecoder(file); d.More(); {
		var f struct{ Layer, Codec, Label, Hex string }
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Layer == "rpc" && f.Codec == format && f.Label == label {
			found = append(found, f.Hex)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no frame is labelled %s", label)
	}
	return found[0]
}

// readFrame returns a frame in hexadecimal digits.
func readFrame(r io.Reader) (string, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return "", err
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err := io.ReadFull(r, payload)
	return hex.EncodeToString(append(header[:], payload...)), err
}

func TestAServiceAsAResultIsSentAsFromPython(t *testing.T) {
	for format, c := range map[string]codec.Codec{"json": jsoncodec.Codec{}, "msgpack": msgpack.Codec{}} {
		t.Run(format, func(t *testing.T) {
			root, sub, inner := rpc.NewService(), rpc.NewService(), rpc.NewService()
			root.Mount("sub", sub)
			sub.Mount("inner", inner)
			root.Handle("child", func() *rpc.Service { return inner })
			opts := &rpc.Options{Codec: c, Types: fruits(t)}
			peer := dialWire(t, serve(t, anyPort, root, opts))
			request := []any{0, 33, []any{"child", []any{}, map[string]any{}}}
			payload, err := c.Append(nil, request, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := peer.send(string(payload)); err != nil {
				t.Fatal(err)
			}
			want := recorded(t, format, "proxy result (nested)")
			if got, err := readFrame(peer); got != want || err != nil {
				t.Errorf("got  %s, error %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestAServiceAsAnArgumentIsSentAsFromPython(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	frames := make(chan string, 40)
	go func() {
		defer close(frames)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if conn.SetDeadline(time.Now().Add(patience)) != nil {
			return
		}
		for id := range 37 {
			f, err := readFrame(conn)
			if err != nil {
				return
			}
			frames <- f
			if err := (wire{conn}).send("[1, " + string(must(json.Marshal(id))) + ", null]"); err != nil {
				return
			}
		}
	}()
	root, child := rpc.NewService(), rpc.NewService()
	root.Mount("child", child)
	conn, err := rpc.Dial(within(t), "tcp://"+l.Addr().String(), root, &rpc.Options{Types: fruits(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	args := make([][]any, 35, 37) // the calls before do not matter
	args = append(args, []any{root, "hi"}, []any{child.Remote(), "hi"})
	for id, args := range args {
		if _, err := rpc.Call[any](context.Background(), conn.Remote(), "callback", args...); err != nil {
			t.Fatal(err)
		}
		got := <-frames
		switch want := map[int]string{35: "callback: proxy argument (root)", 36: "callback: proxy argument (child)"}[id]; {
		case want == "":
		case got != recorded(t, "json", want):
			t.Errorf("got  %s\nwant %s", got, recorded(t, "json", want))
		}
	}
	_ = conn.Close()
	for range frames {
		t.Error("one frame too many")
	}
	_ = conn.Wait(within(t))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
