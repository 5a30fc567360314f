package rpc_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

const get rpc.Func1[string, []string] = "get(x)"

// askers returns a service and one under it that Python asks back.
func askers() *rpc.Service {
	root, child := rpc.NewService(), rpc.NewService()
	root.Mount("child", child)
	get.Handle(root, func(_ context.Context, x string) ([]string, error) { return []string{"root got", x}, nil })
	get.Handle(child, func(_ context.Context, x string) ([]string, error) { return []string{"child got", x}, nil })
	return root
}

func TestPythonCallsBackAServiceThatItIsGiven(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		root := askers()
		r := dialPython(t, addr, root, nil)
		for range 2 {
			for name, test := range map[string]struct {
				guest any
				who   string
			}{
				"the root":     {root, "root got"},
				"one under it": {root.Remote().Sub("child"), "child got"},
				"a pointer":    {ptr(root.Remote()), "root got"},
			} {
				answer, err := rpc.Call[any](within(t), r, "callback", test.guest, "hi")
				if want := []any{"peer said", []any{test.who, "hi"}}; err != nil || !reflect.DeepEqual(answer, want) {
					t.Errorf("called back %s: %v, error %v", name, answer, err)
				}
			}
		}
		_, err := rpc.Call[any](within(t), r, "callback", root.Remote().Sub("no"), "hi")
		if e := remoteError(t, err); e.Type != "wire.RemoteException" || e.Message != `LookupError: Name "no" not found in ""` {
			t.Errorf("type %q, message %q", e.Type, e.Message)
		}
	})
}

func TestWhatPythonCannotReachIsNotSentToIt(t *testing.T) {
	root := askers()
	r := dialPython(t, anyPort, root, nil)
	mustAdd(t, r)
	for name, test := range map[string]struct {
		guest rpc.Remote
		want  error
	}{
		"its own service":        {r, rpc.ErrForeign},
		"its own, under another": {r.Sub("sub/inner"), rpc.ErrForeign},
		"that of a third party":  {remote(t, calculator()), rpc.ErrForeign},
		"one outside":            {calculator().Remote(), rpc.ErrOutside},
	} {
		if _, err := rpc.Call[any](within(t), r, "echo", test.guest); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
	// A proxy is what Python can call, but not send.
	_, err := rpc.Call[any](within(t), r, "echo", root)
	if e := remoteError(t, err); e.Type != "TypeError" || !strings.Contains(e.Message, "Proxy cannot be sent") {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
	mustAdd(t, r)
}

func TestPythonIsStillKnownAfterItsConnectionWasLost(t *testing.T) {
	addr := socketAddr(t)
	conn := dialPython(t, addr, nil, nil).Peer().(*rpc.Conn)
	c := client(t, conn.Channel().RemoteAddr(), askers(), &rpc.Options{Patience: patience})
	for range 2 {
		mustAdd(t, c.Remote())
		conn, err := c.Connect(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		_ = conn.Wait(within(t))
		// In the first message of a connection.
		if _, err := rpc.Call[any](within(t), c.Remote(), "echo", c.Remote().Sub("sub")); !errors.Is(err, rpc.ErrForeign) {
			t.Errorf("error %v, want %v", err, rpc.ErrForeign)
		}
	}
}

func TestGoCallsAServiceThatPythonHandsOver(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		svc := rpc.NewService()
		svc.Handle("ask(guest)", func(ctx context.Context, r rpc.Remote) (any, error) {
			if r.Peer() != rpc.Peer(rpc.Caller(ctx)) {
				t.Errorf("%v is bound to %v", r, r.Peer())
			}
			return rpc.Call[any](ctx, r, "get", "hi")
		})
		srv := serve(t, addr, svc, nil)
		do := script(t, anyPort, nil)
		do("close", nil)
		do("dial", map[string]any{"addr": srv.Addr(), "services": true})
		for path, who := range map[string]string{"": "client got", "child": "child got"} {
			reference := map[string]any{"__type__": []any{0, path}}
			result := do("call", map[string]any{"path": "ask", "args": []any{reference}})
			if want := []any{who, "hi"}; !reflect.DeepEqual(result["reply"], want) {
				t.Errorf("asked at %q: %v", path, result)
			}
		}
	})
}
