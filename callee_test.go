package gomas_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/faulty"
	"github.com/gomas/gomas/rpc"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// soon returns a context for what should happen at once, also while the test
// is being cleaned up.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// tally counts how often calls were executed, by their numbers.
type tally struct {
	mu sync.Mutex
	n  map[int]int
}

func (y *tally) add(call int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.n == nil {
		y.n = make(map[int]int)
	}
	y.n[call]++
}

func (y *tally) of(call int) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.n[call]
}

// lines follows the life of connections.
type lines struct {
	mu   sync.Mutex
	open int
	none sync.Cond
}

func newLines() *lines {
	l := new(lines)
	l.none.L = &l.mu
	return l
}

func (l *lines) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open += n
	l.none.Broadcast()
}

// ended waits until all connections have ended.
func (l *lines) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open > 0 {
		l.none.Wait()
	}
}

// note is a call that is counted by its number, and returns it.
const note rpc.Func2[int, string, int] = "note(call, text)"

func noteIn(y *tally) func(context.Context, int, string) (int, error) {
	return func(_ context.Context, call int, _ string) (int, error) {
		y.add(call)
		return call, nil
	}
}

// callee is somebody who is called by way of a proxy.
type callee struct {
	proxy *faulty.Proxy
	ran   *tally
	lines *lines     // of the caller
	via   rpc.Remote // by way of the proxy
	safe  rpc.Remote // of another caller, past it
}

// eachKind runs a test with rpc alone, and with containers.
func eachKind(t *testing.T, limits channel.Limits, test func(t *testing.T, c *callee)) {
	t.Run("rpc", func(t *testing.T) { test(t, rpcCallee(t, limits)) })
	t.Run("containers", func(t *testing.T) { test(t, containerCallee(t, limits)) })
}

func rpcCallee(t *testing.T, limits channel.Limits) *callee {
	t.Helper()
	c := &callee{ran: new(tally), lines: newLines()}
	svc := rpc.NewService()
	note.Handle(svc, noteIn(c.ran))
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, srv) })
	c.proxy = faulty.New(t, srv.Addr(), 1)
	client := func(addr string, opts *rpc.Options) rpc.Remote {
		cl, err := rpc.NewClient(addr, nil, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shutdown(t, cl) })
		return cl.Remote()
	}
	c.via = client(c.proxy.Addr(), &rpc.Options{
		Patience:  patience,
		Limits:    limits,
		Connected: func(*channel.Conn) { c.lines.add(1) },
		Lost:      func(*channel.Conn, error) { c.lines.add(-1) },
	})
	c.safe = client(srv.Addr(), nil)
	return c
}

func containerCallee(t *testing.T, limits channel.Limits) *callee {
	t.Helper()
	c := &callee{ran: new(tally), lines: newLines()}
	there, other := container(t), container(t)
	a := spawn(t, there)
	note.Handle(a.Services(), noteIn(c.ran))
	c.proxy = faulty.New(t, there.Addr(), 1)
	here := containerWith(t, &gomas.Options{
		Patience:   patience,
		Limits:     limits,
		CheckTurns: true,
		Connected:  func(*rpc.Conn) { c.lines.add(1) },
		Lost:       func(*rpc.Conn, error) { c.lines.add(-1) },
	})
	var err error
	if c.via, err = here.Connect(t.Context(), c.proxy.Addr()+"/0"); err != nil {
		t.Fatal(err)
	}
	c.safe = connect(t, other, a)
	return c
}

func containerWith(t *testing.T, opts *gomas.Options) *gomas.Container {
	t.Helper()
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, c) })
	return c
}

func shutdown(t testing.TB, what interface{ Shutdown(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := what.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// check makes sure that calls work, of this caller and of another one. When
// the second call has its reply, all that new peers tell each other has passed.
func (c *callee) check(t *testing.T) {
	t.Helper()
	for _, r := range []rpc.Remote{c.via, c.via, c.safe} {
		if n, err := note.Call(soon(t), r, -1, ""); n != -1 || err != nil {
			t.Fatalf("call of %v: %v, %v", r, n, err)
		}
	}
}

// isLost reports whether a call failed because its connection was lost, before
// it was sent or not.
func isLost(err error, unsent bool) bool {
	var lost *channel.LostError
	return errors.As(err, &lost) && lost.Unsent == unsent
}
