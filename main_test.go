package gomas_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

func TestMain(m *testing.M) {
	actAsProcess() // as which tests start this program again
	goleak.VerifyTestMain(m)
}

// container starts a container on a free port, with turns checked, for as
// long as the test lasts.
func container(t testing.TB) *gomas.Container {
	t.Helper()
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{CheckTurns: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return c
}

// connect connects from one agent to another.
func connect(t testing.TB, from *gomas.Container, to interface{ URL() string }) rpc.Remote {
	t.Helper()
	r, err := from.Connect(t.Context(), to.URL())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counter is an agent with state that no lock guards.
type counter struct {
	*gomas.Agent
	n     int
	other rpc.Remote
}

const (
	add  rpc.Func1[int, int]       = "add(n)"     // to the count; the new one
	slow rpc.Func1[int, int]       = "slow(n)"    // the same, waiting in the middle
	down rpc.Func1[int, int]       = "down(n)"    // the other's down(n-1), plus one
	back rpc.Func1[string, string] = "back(text)" // what the caller's agent 0 says to it
)

func newCounter(_ context.Context, a *gomas.Agent) (*counter, error) {
	c := &counter{Agent: a}
	add.Handle(a.Services(), func(_ context.Context, n int) (int, error) {
		c.n += n
		return c.n, nil
	})
	slow.Handle(a.Services(), c.slow)
	down.Handle(a.Services(), c.down)
	back.Handle(a.Services(), func(ctx context.Context, text string) (string, error) {
		return rpc.Call[string](ctx, rpc.Caller(ctx).Remote(), "agents/0/say", text)
	})
	return c, nil
}

func (c *counter) slow(ctx context.Context, n int) (int, error) {
	before := c.n
	if err := c.Sleep(ctx, 0); err != nil {
		return 0, err
	}
	c.n += n
	return c.n - before, nil
}

func (c *counter) down(ctx context.Context, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	m, err := down.Call(ctx, c.other, n-1)
	return m + 1, err
}

func spawn(t testing.TB, c *gomas.Container) *counter {
	t.Helper()
	a, err := gomas.Spawn(t.Context(), c, newCounter)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
