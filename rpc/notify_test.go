package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

const (
	record rpc.Proc1[int]   = "record(n)"
	total  rpc.Func0[int]   = "total"
	spoil  rpc.Proc0        = "spoil"
	await  rpc.Proc0        = "await"
	listed rpc.Func0[[]int] = "listed"
)

// recorder returns a service that notes the numbers it is told, in its turn.
func recorder(release <-chan struct{}) *rpc.Service {
	svc := rpc.NewService()
	svc.UseTurn(new(turn.Own))
	var seen []int // guarded by the turn
	record.Handle(svc, func(_ context.Context, n int) error { seen = append(seen, n); return nil })
	total.Handle(svc, func(context.Context) (int, error) { return len(seen), nil })
	listed.Handle(svc, func(context.Context) ([]int, error) { return seen, nil })
	spoil.Handle(svc, func(context.Context) error { return errors.New("spoilt") })
	await.Handle(svc, func(context.Context) error { <-release; return nil })
	return svc
}

// lockedBuffer is where a logger of another goroutine writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// eachSide runs a test with the remote of a service over a connection and of
// the same program.
func eachSide(t *testing.T, svc func() *rpc.Service, opts *rpc.Options, test func(t *testing.T, r rpc.Remote)) {
	t.Run("over a connection", func(t *testing.T) {
		test(t, dial(t, serve(t, anyPort, svc(), nil), nil, opts).Remote())
	})
	t.Run("within the program", func(t *testing.T) {
		s := svc()
		s.Inside(opts)
		test(t, s.Remote())
	})
}

func TestNotificationsAreExecutedInTheirOrderAndBeforeALaterCall(t *testing.T) {
	const many = 5000 // more than may be under way
	eachSide(t, func() *rpc.Service { return recorder(nil) }, nil, func(t *testing.T, r rpc.Remote) {
		for n := range many {
			if err := record.Notify(within(t), r, n); err != nil {
				t.Fatal(err)
			}
		}
		seen, err := listed.Call(within(t), r)
		if err != nil || len(seen) != many {
			t.Fatalf("%d of %d seen, %v", len(seen), many, err)
		}
		for i, n := range seen {
			if i != n {
				t.Fatalf("number %d came as the %dth", n, i)
			}
		}
	})
}

func TestANotificationDoesNotWaitForItsHandler(t *testing.T) {
	release := make(chan struct{})
	eachSide(t, func() *rpc.Service { return recorder(release) }, nil, func(t *testing.T, r rpc.Remote) {
		if err := await.Notify(within(t), r); err != nil {
			t.Fatal(err)
		}
		if err := rpc.Notify(within(t), r, "record", rpc.Kw{"n": 7}); err != nil {
			t.Fatal(err)
		}
		release <- struct{}{} // only now is there somebody to receive it
		if n, err := total.Call(within(t), r); n != 1 || err != nil {
			t.Errorf("%d recorded, %v", n, err)
		}
	})
}

func TestTheFailureOfANotificationIsLogged(t *testing.T) {
	var log lockedBuffer
	opts := &rpc.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	eachSide(t, func() *rpc.Service { return recorder(nil) }, opts, func(t *testing.T, r rpc.Remote) {
		for _, notify := range []func() error{
			func() error { return spoil.Notify(within(t), r) },
			func() error { return rpc.Notify(within(t), r, "no_such") },
			func() error { return rpc.Notify(within(t), r, "record", "seven") },
		} {
			if err := notify(); err != nil {
				t.Error(err)
			}
		}
		if _, err := total.Call(within(t), r); err != nil {
			t.Error(err)
		}
		// An answer is sent when the turn has been passed on, so that of the call may
		// be the first.
		ctx := within(t)
		for _, want := range []string{"spoilt", "no_such", "argument 'n'"} {
			for ; !strings.Contains(log.String(), want); runtime.Gosched() {
				if ctx.Err() != nil {
					t.Fatalf("%q is not in the log: %s", want, log.String())
				}
			}
		}
	})
}

func TestANotificationThatCannotBeMadeIsAnError(t *testing.T) {
	eachSide(t, func() *rpc.Service { return recorder(nil) }, nil, func(t *testing.T, r rpc.Remote) {
		if err := rpc.Notify(within(t), r, "record", make(chan int)); err == nil {
			t.Error("a channel was sent")
		}
	})
	if err := record.Notify(within(t), rpc.Remote{}, 1); err == nil {
		t.Error("the zero Remote was told")
	}
	conn := dial(t, serve(t, anyPort, recorder(nil), nil), nil, nil)
	_ = conn.Close()
	if err := record.Notify(within(t), conn.Remote(), 1); err == nil {
		t.Error("a closed connection was told")
	}
}
