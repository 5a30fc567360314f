package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

func TestRemotesOfTheSameServiceOfTheSamePeerAreEqual(t *testing.T) {
	srv := serve(t, anyPort, calculator(), nil)
	one, two := dial(t, srv, nil, nil), dial(t, srv, nil, nil)
	a := one.Remote()
	for name, test := range map[string]struct {
		other rpc.Remote
		equal bool
	}{
		"the root once more":               {one.Remote(), true},
		"the root, made by hand":           {rpc.NewRemote(one, ""), true},
		"the root over another connection": {two.Remote(), false},
		"a nested service":                 {a.Sub("sub"), false},
		"the zero Remote":                  {rpc.Remote{}, false},
		"a path without a peer":            {rpc.NewRemote(nil, ""), false},
	} {
		if (a == test.other) != test.equal {
			t.Errorf("%s: equal is %v", name, a == test.other)
		}
		calls := map[rpc.Remote]int{a: 1}
		calls[test.other]++
		if found := calls[a] == 2; found != test.equal {
			t.Errorf("%s: found as a key of a map is %v", name, found)
		}
	}
	if a.Sub("x").Sub("y") != a.Sub("x/y") || a.Sub("x/y") != rpc.NewRemote(one, "x/y") {
		t.Error("ways to the same nested service differ")
	}
}

func TestARemoteTellsWhereItIs(t *testing.T) {
	srv := serve(t, anyPort, calculator(), nil)
	conn := dial(t, srv, nil, nil)
	r := conn.Remote()
	for _, test := range []struct {
		remote       rpc.Remote
		path, string string
	}{
		{r, "", `Remote("` + srv.Addr() + `", "")`},
		{r.Sub("a"), "a", `Remote("` + srv.Addr() + `", "a")`},
		{r.Sub("a").Sub("b/c"), "a/b/c", `Remote("` + srv.Addr() + `", "a/b/c")`},
		{rpc.Remote{}, "", "Remote(none)"},
	} {
		if test.remote.Path() != test.path || test.remote.String() != test.string {
			t.Errorf("path %q, printed as %s, want %q, %s", test.remote.Path(), test.remote, test.path, test.string)
		}
	}
	if r.Sub("a").Peer() != rpc.Peer(conn) || (rpc.Remote{}).Peer() != nil {
		t.Error("a Remote has the wrong peer")
	}
}

func TestCallsOfTheZeroRemoteFailAtOnce(t *testing.T) {
	_, typed := add.Call(context.Background(), rpc.Remote{}, 1, 2)
	_, untyped := rpc.Call[any](context.Background(), rpc.Remote{}.Sub("sub"), "add")
	for _, err := range []error{typed, untyped} {
		if err == nil || !strings.Contains(err.Error(), "zero Remote") {
			t.Errorf("error %v", err)
		}
	}
}

// unreachable is a peer that cannot be connected to.
type unreachable struct{ reason error }

func (u unreachable) Connect(context.Context) (*rpc.Conn, error) { return nil, u.reason }
func (u unreachable) Addr() string                               { return "" }
func (u unreachable) URL(string) string                          { return "" }
func (u unreachable) Describe(path string) string                { return "nobody's " + path }

func TestACallOfAPeerThatCannotBeReachedFailsWithItsReason(t *testing.T) {
	reason := errors.New("no route")
	r := rpc.NewRemote(unreachable{reason}, "sub")
	if _, err := add.Call(context.Background(), r, 1, 2); !errors.Is(err, reason) {
		t.Errorf("error %v, want %v", err, reason)
	}
	if r.String() != "nobody's sub" {
		t.Errorf("printed as %s", r)
	}
}

func TestCallsOverAConnectionThatHasEndedFail(t *testing.T) {
	srv := serve(t, anyPort, calculator(), nil)
	closed, lost := dial(t, srv, nil, nil), dial(t, srv, nil, nil)
	mustAdd(t, closed.Remote())
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	if _, err := add.Call(within(t), closed.Remote(), 1, 2); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("after Close: error %v, want ErrClosed", err)
	}
	mustAdd(t, lost.Remote())
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	wantLost(t, lost.Wait(within(t)))
	_, err := add.Call(within(t), lost.Remote(), 1, 2)
	wantLost(t, err)
}

func TestShutdownLetsCallsFinish(t *testing.T) {
	const slow rpc.Func0[string] = "slow()"
	began, goOn := make(chan struct{}), make(chan struct{})
	svc := rpc.NewService()
	slow.Handle(svc, func(context.Context) (string, error) {
		close(began)
		<-goOn
		return "done", nil
	})
	srv := serve(t, anyPort, svc, nil)
	r := dial(t, srv, nil, nil).Remote()
	type outcome struct {
		text string
		err  error
	}
	called, shut := make(chan outcome, 1), make(chan error, 1)
	go func() {
		text, err := slow.Call(within(t), r)
		called <- outcome{text, err}
	}()
	<-began
	go func() { shut <- srv.Shutdown(within(t)) }()
	// It is shutting down as soon as it refuses calls.
	for {
		err := rpc.Proc0("no").Call(within(t), r)
		if e := remoteError(t, err); e.Type == "ConnectionError" {
			break
		}
	}
	close(goOn)
	if got := <-called; got.text != "done" || got.err != nil {
		t.Errorf("the call that had begun: %q, error %v", got.text, got.err)
	}
	if err := <-shut; err != nil {
		t.Error("shutdown:", err)
	}
	wantLost(t, r.Peer().(*rpc.Conn).Wait(within(t)))
}

func TestTheEndThatDialledShutsDownInGoodOrder(t *testing.T) {
	conn := dial(t, serve(t, anyPort, calculator(), nil), nil, nil)
	mustAdd(t, conn.Remote())
	if err := conn.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	if err := conn.Channel().Err(); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestAnAddressThatCannotBeUsedIsAnError(t *testing.T) {
	taken := serve(t, anyPort, calculator(), nil)
	for _, addr := range []string{"", "localhost:5555", "tcp://localhost", "http://localhost:5555", taken.Addr()} {
		if srv, err := rpc.Listen(context.Background(), addr, nil, nil); err == nil {
			t.Errorf("listens at %q", addr)
			_ = srv.Close()
		}
	}
	for _, addr := range []string{"", "tcp://127.0.0.1:0", socketAddr(t)} {
		if conn, err := rpc.Dial(within(t), addr, nil, nil); err == nil {
			t.Errorf("connected to %q", addr)
			_ = conn.Close()
		}
	}
}
