package channel_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// soon returns a context for what should happen at once, also while the test
// is being cleaned up.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// receive returns what comes out of a channel soon.
func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// eachNetwork runs a test over TCP and over Unix sockets.
func eachNetwork(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("tcp", func(t *testing.T) { test(t, tcp) })
	t.Run("unix", func(t *testing.T) { test(t, unixAddr(t)) })
}

const tcp = "tcp://127.0.0.1:0"

func unixAddr(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c") // short, as the path of a socket must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return "ipc://[" + filepath.Join(dir, "s") + "]"
}

// listen starts a server for as long as the test lasts, which is until serve
// has returned for all connections.
func listen(t testing.TB, addr string, serve func(context.Context, *channel.Conn), opts *channel.Options) *channel.Server {
	t.Helper()
	var mu sync.Mutex
	ended := sync.NewCond(&mu)
	serving := 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		serving += n
		ended.Broadcast()
	}
	srv, err := channel.Listen(t.Context(), addr, func(ctx context.Context, conn *channel.Conn) {
		count(1)
		defer count(-1)
		serve(ctx, conn)
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conns := srv.Conns()
		if err := srv.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
		for _, c := range conns {
			gone(t, c)
		}
		mu.Lock()
		defer mu.Unlock()
		for serving > 0 {
			ended.Wait()
		}
	})
	return srv
}

// dial connects to a server for as long as the test lasts.
func dial(t testing.TB, addr string, opts *channel.Options) *channel.Conn {
	t.Helper()
	c, err := channel.Dial(t.Context(), addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(t, c) })
	return c
}

// hangUp closes a connection and waits until nothing of it is left.
func hangUp(t testing.TB, c *channel.Conn) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	gone(t, c)
}

// gone waits until nothing of a connection is left, and returns why it ended.
func gone(t testing.TB, c *channel.Conn) error {
	t.Helper()
	ctx := soon(t)
	err := c.Wait(ctx)
	if ctx.Err() != nil {
		t.Errorf("connection to %s does not end", c.RemoteAddr())
	}
	return err
}

// pair returns the two ends of a connection. What serve does, the accepting
// end does.
func pair(t testing.TB, addr string, serve func(context.Context, *channel.Conn), opts *channel.Options) (dialled, accepted *channel.Conn) {
	t.Helper()
	conns := make(chan *channel.Conn, 1)
	srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
		conns <- conn
		serve(ctx, conn)
	}, opts)
	dialled = dial(t, srv.Addr(), opts)
	return dialled, receive(t, "connection", conns)
}

// handle serves a connection with a goroutine for each request.
func handle(fn func(context.Context, *channel.Request)) func(context.Context, *channel.Conn) {
	return func(ctx context.Context, conn *channel.Conn) {
		var running sync.WaitGroup
		defer running.Wait()
		for {
			r, err := conn.Receive(ctx)
			if err != nil {
				return
			}
			running.Go(func() { fn(ctx, r) })
		}
	}
}

// echo serves a connection by sending back what comes.
var echo = handle(func(ctx context.Context, r *channel.Request) {
	v, err := channel.Content[any](r)
	if err != nil {
		_ = r.Fail(ctx, err)
		return
	}
	_ = r.Reply(ctx, v) // the connection may have ended
})

// idle serves a connection by doing nothing with it.
func idle(ctx context.Context, _ *channel.Conn) { <-ctx.Done() }

// checkEcho makes sure that a connection to an echo works.
func checkEcho(t testing.TB, c *channel.Conn) {
	t.Helper()
	if got, err := channel.Ask[string](soon(t), c, "still there?"); got != "still there?" || err != nil {
		t.Fatalf("echo of another connection: %q, %v", got, err)
	}
}

// raw is a peer that sends whatever it likes.
type raw struct {
	net.Conn
	t testing.TB
}

func newRaw(t testing.TB, c net.Conn) *raw {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() }) // often closed already
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &raw{c, t}
}

// dialRaw connects to a server.
func dialRaw(t testing.TB, addr string) *raw {
	t.Helper()
	a, err := transport.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	network, address := "unix", a.Path
	if a.Scheme == "tcp" {
		network, address = "tcp", net.JoinHostPort(a.Host, fmt.Sprint(a.Port))
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, c)
}

// withRaw returns a connection and the raw peer at its other end.
func withRaw(t testing.TB, opts *channel.Options) (*channel.Conn, *raw) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := dial(t, "tcp://"+ln.Addr().String(), opts)
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c, newRaw(t, nc)
}

// frame puts the length before a payload.
func frame(payload string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload
}

// write sends bytes. That the other end has had enough of them is no error.
func (r *raw) write(bytes string) {
	_, _ = io.WriteString(r.Conn, bytes)
}

// send sends messages.
func (r *raw) send(payloads ...string) {
	for _, p := range payloads {
		r.write(frame(p))
	}
}

// next returns the next message, without white space around it: other software
// does not notice that either.
func (r *raw) next() string {
	r.t.Helper()
	return strings.TrimSpace(r.payload())
}

// payload returns the next message as it came.
func (r *raw) payload() string {
	r.t.Helper()
	var header [4]byte
	if _, err := io.ReadFull(r.Conn, header[:]); err != nil {
		r.t.Fatalf("read a frame: %v", err)
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[:]))
	if _, err := io.ReadFull(r.Conn, payload); err != nil {
		r.t.Fatalf("read a frame: %v", err)
	}
	return string(payload)
}

// rest returns what comes until the other end closes.
func (r *raw) rest() string {
	r.t.Helper()
	b, err := io.ReadAll(r.Conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		r.t.Fatalf("the connection stays open; it sent %q", b)
	}
	return string(b)
}

// farewell closes c, the other end, and returns what still came from it.
func (r *raw) farewell(c *channel.Conn) string {
	r.t.Helper()
	if err := c.Close(); err != nil {
		r.t.Errorf("close: %v", err)
	}
	rest := r.rest()
	_ = r.Close() // or c would wait for it
	gone(r.t, c)
	return rest
}

// closeWrite closes one direction.
func (r *raw) closeWrite() {
	r.t.Helper()
	if err := r.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		r.t.Fatal(err)
	}
}
