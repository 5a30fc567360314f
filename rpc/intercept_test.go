package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

// noting returns an interceptor that notes when calls pass.
func noting(notes *[]string, name string) rpc.Interceptor {
	var mu sync.Mutex
	return func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		mu.Lock()
		*notes = append(*notes, name+" "+call.Path)
		mu.Unlock()
		err := next(ctx)
		mu.Lock()
		*notes = append(*notes, fmt.Sprint(name, " ", err == nil))
		mu.Unlock()
		return err
	}
}

func TestInterceptorsStandAroundCallsInOrder(t *testing.T) {
	const mul rpc.Func2[int, int, int] = "mul(a, b)"
	var notes []string
	svc, sub := rpc.NewService(), rpc.NewService()
	mul.Handle(sub, func(_ context.Context, a, b int) (int, error) {
		notes = append(notes, "handler")
		return a * b, nil
	})
	svc.Mount("sub", sub)
	svc.Intercept(noting(&notes, "root, first"), noting(&notes, "root, second"))
	sub.Intercept(noting(&notes, "sub"))
	conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
	conn.Intercept(noting(&notes, "caller"))
	for _, b := range []int{4, 5} {
		notes = nil
		n, err := mul.Call(t.Context(), conn.Remote().Sub("sub"), 3, b)
		if n != 3*b || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		want := []string{
			"caller sub/mul", "root, first sub/mul", "root, second sub/mul", "sub sub/mul",
			"handler", "sub true", "root, second true", "root, first true", "caller true",
		}
		if !slices.Equal(notes, want) {
			t.Errorf("got  %q\nwant %q", notes, want)
		}
	}
}

type userKey struct{}

func TestInterceptorsDecideAndPassContextsOn(t *testing.T) {
	const who, boom rpc.Func0[string] = "who", "boom"
	svc := rpc.NewService()
	who.Handle(svc, func(ctx context.Context) (string, error) { return ctx.Value(userKey{}).(string), nil })
	boom.Handle(svc, func(context.Context) (string, error) { panic("boom") })
	denied := &rpc.Error{Type: "PermissionError", Message: "not for you"}
	allowed := true
	svc.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		if call.Conn.Channel().RemoteAddr() == "" || rpc.Caller(ctx) != call.Conn {
			t.Error("the caller is not known")
		}
		if !allowed {
			return denied
		}
		return next(context.WithValue(ctx, userKey{}, "Ada"))
	})
	client, err := rpc.NewClient(serve(t, anyPort, svc, nil).Addr(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	calls := 0
	client.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		calls++
		if call.Conn != nil || call.Remote != client.Remote() {
			t.Errorf("got %+v", call)
		}
		return next(ctx)
	})
	if got, err := who.Call(t.Context(), client.Remote()); got != "Ada" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	var remote *rpc.RemoteError
	if _, err := boom.Call(t.Context(), client.Remote()); !errors.As(err, &remote) || remote.Type != "PanicError" {
		t.Errorf("a panic inside: %v", err)
	}
	allowed = false
	if _, err := who.Call(t.Context(), client.Remote()); !errors.As(err, &remote) || remote.Type != "PermissionError" {
		t.Errorf("denied: %v", err)
	}
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

func TestAnInterceptorThatCallsNextTwiceIsAnError(t *testing.T) {
	const answer rpc.Func0[int] = "answer"
	svc := rpc.NewService()
	answer.Handle(svc, func(context.Context) (int, error) { return 42, nil })
	svc.Intercept(func(ctx context.Context, _ rpc.Info, next func(context.Context) error) error {
		return errors.Join(next(ctx), next(ctx))
	})
	conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
	if _, err := answer.Call(t.Context(), conn.Remote()); err == nil {
		t.Error("no error")
	}
}

func TestAnInterceptedConnectionKnowsItsConn(t *testing.T) {
	connected := make(chan *rpc.Conn, 1)
	svc := rpc.NewService()
	dial(t, serve(t, anyPort, svc, &rpc.Options{Connected: func(ch *channel.Conn) { connected <- rpc.Of(ch) }}), nil, nil)
	if c := <-connected; c == nil || c.Service() != svc {
		t.Errorf("got %v", c)
	}
}
