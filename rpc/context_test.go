package rpc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

const hang rpc.Func0[int] = "hang()"

// hanging returns a service whose function hang runs until it is told to go
// on, and tells when it has begun and what its context said in the end.
func hanging() (svc *rpc.Service, began <-chan struct{}, goOn chan<- struct{}, ended <-chan error) {
	begin, release, end := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	svc = calculator()
	hang.Handle(svc, func(ctx context.Context) (int, error) {
		begin <- struct{}{}
		select {
		case <-release:
			end <- nil
		case <-ctx.Done():
			end <- turn.Err(ctx)
			return 0, ctx.Err()
		}
		return 1, nil
	})
	return svc, begin, release, end
}

// stubborn is hanging with a function that does not look at its context.
func stubborn() (svc *rpc.Service, began <-chan struct{}, goOn chan<- struct{}, ended <-chan error) {
	begin, release, end := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	svc = calculator()
	hang.Handle(svc, func(ctx context.Context) (int, error) {
		begin <- struct{}{}
		<-release
		end <- ctx.Err()
		return 1, nil
	})
	return svc, begin, release, end
}

func TestACallReturnsWhenItsContextEndsAndItsReplyIsDropped(t *testing.T) {
	reason := errors.New("changed my mind")
	for name, test := range map[string]struct {
		context func() (context.Context, func())
		want    []error
	}{
		"cancelled": {func() (context.Context, func()) {
			return context.WithCancel(context.Background())
		}, []error{context.Canceled}},
		"cancelled for a reason": {func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(context.Background())
			return ctx, func() { cancel(reason) }
		}, []error{context.Canceled, reason}},
		"past its deadline": {func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			t.Cleanup(cancel)
			return ctx, func() {}
		}, []error{context.DeadlineExceeded}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, addr string) {
				svc, began, goOn, ended := stubborn()
				r := dial(t, serve(t, addr, svc, nil), nil, nil).Remote()
				ctx, end := test.context()
				done := make(chan error)
				go func() {
					_, err := hang.Call(ctx, r)
					done <- err
				}()
				<-began
				end()
				err := <-done // while the handler hangs
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("error %v, want %v", err, want)
					}
				}
				mustAdd(t, r)
				goOn <- struct{}{} // the handler takes no notice of its context
				<-ended
				for range 10 { // the late reply comes before one of these
					mustAdd(t, r)
				}
			})
		})
	}
}

func TestACallWithAContextThatHasEndedIsNotSent(t *testing.T) {
	svc, began, _, _ := hanging()
	r := remote(t, svc)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := hang.Call(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	mustAdd(t, r)
	select {
	case <-began:
		t.Error("the call was sent")
	default:
	}
}

func TestTheContextOfAHandlerEndsWithItsConnection(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(conn *rpc.Conn, srv *rpc.Server) error
		check func(cause error) bool
	}{
		"closed by the caller": {
			func(conn *rpc.Conn, _ *rpc.Server) error { return conn.Close() },
			func(cause error) bool { var lost *channel.LostError; return errors.As(cause, &lost) },
		},
		"closed by the server": {
			func(_ *rpc.Conn, srv *rpc.Server) error { return srv.Close() },
			func(cause error) bool { return errors.Is(cause, channel.ErrClosed) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			svc, began, _, ended := hanging()
			srv := serve(t, anyPort, svc, nil)
			conn := dial(t, srv, nil, nil)
			done := make(chan error)
			go func() {
				_, err := hang.Call(context.Background(), conn.Remote())
				done <- err
			}()
			<-began
			if err := test.end(conn, srv); err != nil {
				t.Error(err)
			}
			if cause := <-ended; !test.check(cause) {
				t.Errorf("the context of the handler ended with %v", cause)
			}
			if err := <-done; err == nil {
				t.Error("the call succeeded")
			}
		})
	}
}

const useContext rpc.Func0[int] = "use_context()"

func TestAContextKeptFromAnEarlierCallServesALaterWaitOfTheSameTurn(t *testing.T) {
	const remember rpc.Proc0 = "remember()"
	own := new(turn.Own)
	own.Check()
	svc := rpc.NewService()
	svc.UseTurn(own)
	var ask func() (int, error) // guarded by the turn
	remember.Handle(svc, func(ctx context.Context) error {
		ask = func() (int, error) { return add.Call(ctx, rpc.Caller(ctx).Remote(), 1, 2) }
		return nil
	})
	useContext.Handle(svc, func(context.Context) (int, error) { return ask() })
	conn := dial(t, serve(t, anyPort, svc, nil), calculator(), nil)
	if err := remember.Call(within(t), conn.Remote()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if sum, err := useContext.Call(within(t), conn.Remote()); err != nil || sum != 3 {
			t.Errorf("1 + 2 is %d, error %v", sum, err)
		}
	}
}

func TestAHandlerThatWaitsWithTheContextOfAnotherTurnIsTold(t *testing.T) {
	const remember rpc.Proc0 = "remember()"
	first, second := new(turn.Own), new(turn.Own)
	root, sub := rpc.NewService(), rpc.NewService()
	root.UseTurn(first)
	sub.UseTurn(second)
	root.Mount("sub", sub)
	kept := make(chan context.Context, 1)
	remember.Handle(root, func(ctx context.Context) error { kept <- ctx; return nil })
	misuse := make(chan error, 1)
	useContext.Handle(sub, func(ctx context.Context) (int, error) {
		sum, err := add.Call(<-kept, rpc.Caller(ctx).Remote(), 1, 2)
		misuse <- err
		return sum, err
	})
	conn := dial(t, serve(t, anyPort, root, nil), calculator(), nil)
	if err := remember.Call(within(t), conn.Remote()); err != nil {
		t.Fatal(err)
	}
	if _, err := useContext.Call(within(t), conn.Remote().Sub("sub")); err == nil {
		t.Error("no error for the caller")
	}
	if err := <-misuse; !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("error %v, want a misuse", err)
	}
}

func TestStandardContextsMadeFromThatOfAHandlerWorkAndStartNoGoroutines(t *testing.T) {
	const many = 1000
	for name, own := range map[string]*turn.Own{"with a turn": new(turn.Own), "without a turn": nil} {
		t.Run(name, func(t *testing.T) {
			svc := rpc.NewService()
			if own != nil {
				own.Check()
				svc.UseTurn(own)
			}
			useContext.Handle(svc, func(ctx context.Context) (int, error) {
				before := stack.Count()
				for range many {
					_, cancel := context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				more := stack.Count() - before

				type key struct{}
				short, cancel := context.WithTimeout(context.WithValue(ctx, key{}, 1), time.Millisecond)
				defer cancel()
				if rpc.Caller(short) != rpc.Caller(ctx) || turn.From(short) != turn.From(ctx) {
					return more, errors.New("the context made from it has another caller or turn")
				}
				// The peer never answers, but it goes on after the deadline.
				if _, err := hang.Call(short, rpc.Caller(ctx).Remote()); !errors.Is(err, context.DeadlineExceeded) {
					return more, errors.Join(errors.New("want an exceeded deadline"), err)
				}
				sum, err := add.Call(ctx, rpc.Caller(ctx).Remote(), 3, 4)
				if sum != 7 {
					err = errors.Join(errors.New("wrong sum"), err)
				}
				return more, err
			})
			peer, _, goOn, _ := hanging()
			conn := dial(t, serve(t, anyPort, svc, nil), peer, nil)
			more, err := useContext.Call(within(t), conn.Remote())
			if err != nil || more > many/10 {
				t.Errorf("%d contexts started %d goroutines; error %v", many, more, err)
			}
			close(goOn)
		})
	}
}

func TestACallOfAHandlerFailsWhenTheConnectionEnds(t *testing.T) {
	own := new(turn.Own)
	own.Check()
	svc := rpc.NewService()
	svc.UseTurn(own)
	failed := make(chan error, 1)
	useContext.Handle(svc, func(ctx context.Context) (int, error) {
		n, err := hang.Call(ctx, rpc.Caller(ctx).Remote())
		failed <- err
		return n, err
	})
	w := dialWire(t, serve(t, anyPort, svc, nil))
	if err := w.send(`[0, 7, ["use_context", [], {}]]`); err != nil {
		t.Fatal(err)
	}
	if request, err := w.receive(); err != nil || request != `[0, 0, ["hang", [], {}]]` {
		t.Fatalf("called back with %q, error %v", request, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantLost(t, <-failed)
}

func TestOutsideOfCallsThereIsNoCaller(t *testing.T) {
	if conn := rpc.Caller(context.Background()); conn != nil {
		t.Errorf("the caller is %v", conn)
	}
}
