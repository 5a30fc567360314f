package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
)

const where rpc.Func0[string] = "where()"

// place returns a service whose function where returns a text.
func place(text string) *rpc.Service {
	svc := rpc.NewService()
	where.Handle(svc, func(context.Context) (string, error) { return text, nil })
	return svc
}

func TestNestedServicesAreReachedByTheirPaths(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		root, sub, inner := place("root"), place("sub"), place("inner")
		root.Mount("sub", sub)
		sub.Mount("inner", inner)
		sub.Mount("root", place("another root"))
		sub.Mount("größe·量", place("unicode"))
		sub.Mount(`a"b\c`, place("quoted"))
		sub.Mount("0", place("zero"))
		ctx, r := within(t), dial(t, serve(t, addr, root, nil), nil, nil).Remote()

		for path, want := range map[string]string{
			"": "root", "sub": "sub", "sub/inner": "inner", "sub/root": "another root",
			"sub/größe·量": "unicode", `sub/a"b\c`: "quoted", "sub/0": "zero",
		} {
			if text, err := where.Call(ctx, rpc.NewRemote(r.Peer(), path)); err != nil || text != want {
				t.Errorf("reference to %q: %q, error %v", path, text, err)
			}
			name := strings.TrimPrefix(path+"/where", "/")
			if text, err := rpc.Call[string](ctx, r, name); err != nil || text != want {
				t.Errorf("call of %q: %q, error %v", name, text, err)
			}
		}
		if text, err := rpc.Call[string](ctx, r.Sub("sub"), "inner/where"); err != nil || text != "inner" {
			t.Errorf("path within a nested service: %q, error %v", text, err)
		}
	})
}

func TestMistakesInMountingPanicWithTheReason(t *testing.T) {
	root, mounted := calculator(), rpc.NewService()
	root.Mount("sub", mounted)
	for name, test := range map[string]struct {
		name   string
		sub    *rpc.Service
		reason string
	}{
		"no name":                             {"", rpc.NewService(), "the name is empty"},
		"a slash in the name":                 {"a/b", rpc.NewService(), `the name "a/b" contains a slash`},
		"a parenthesis in the name":           {"a(b)", rpc.NewService(), `the name "a(b)" contains`},
		"the name of a function":              {"add", rpc.NewService(), `there is a function "add" already`},
		"the name of another service":         {"sub", rpc.NewService(), `there is a service "sub" already`},
		"no service":                          {"new", nil, `the service for "new" is nil; make one with NewService`},
		"the service itself":                  {"new", root, "would be mounted in itself"},
		"a service that is mounted elsewhere": {"new", mounted, "is mounted already; unmount it there first"},
	} {
		t.Run(name, func(t *testing.T) {
			message := panicMessage(func() { root.Mount(test.name, test.sub) })
			if !strings.HasPrefix(message, "rpc: ") || !strings.Contains(message, test.reason) {
				t.Errorf("panic %q, want rpc: … %s …", message, test.reason)
			}
			if err := root.TryMount(test.name, test.sub); err == nil || "rpc: "+err.Error() != message {
				t.Errorf("TryMount: error %v, the panic was %q", err, message)
			}
		})
	}
}

func TestAServiceThatCouldNotBeMountedCanBeMountedElsewhere(t *testing.T) {
	root, sub := calculator(), rpc.NewService()
	if err := root.TryMount("add", sub); err == nil {
		t.Fatal("mounted over a function")
	}
	if err := root.TryMount("sub", sub); err != nil {
		t.Error(err)
	}
	if !root.Unmount("sub") {
		t.Error("the service was not there to be unmounted")
	}
	if root.Unmount("sub") || root.Unmount("add") {
		t.Error("unmounted what is no service")
	}
	if err := root.TryMount("again", sub); err != nil {
		t.Error(err)
	}
}

func TestServicesComeAndGoWhileCallsRun(t *testing.T) {
	const rounds, callers = 300, 4
	root := rpc.NewService()
	r := remote(t, root)
	ctx, cancel := context.WithCancel(within(t))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				text, err := where.Call(ctx, r.Sub("sub"))
				var failure *rpc.RemoteError
				switch {
				case errors.Is(err, context.Canceled):
				case err == nil && text == "sub":
				case errors.As(err, &failure) && failure.Message == `Name "sub" not found in ""`:
				default:
					t.Errorf("got %q, error %v", text, err)
					return
				}
			}
		})
	}
	for i := range rounds {
		sub := place("sub")
		root.Mount("sub", sub)
		rpc.Proc0(fmt.Sprint("new", i)).Handle(root, func(context.Context) error { return nil })
		if text, err := where.Call(ctx, r.Sub("sub")); err != nil || text != "sub" {
			t.Errorf("mounted service: %q, error %v", text, err)
		}
		if err := rpc.Proc0(fmt.Sprint("new", i)).Call(ctx, r); err != nil {
			t.Error(err)
		}
		if !root.Unmount("sub") {
			t.Error("the service was not there to be unmounted")
		}
		_, err := where.Call(ctx, r.Sub("sub"))
		wantFailure(t, err, "LookupError", `Name "sub" not found in ""`)
	}
	cancel()
	wg.Wait()
}

func TestACallThatHasBegunOutlivesItsService(t *testing.T) {
	const wait rpc.Func0[string] = "wait()"
	began, goOn := make(chan struct{}), make(chan struct{})
	root, sub := rpc.NewService(), rpc.NewService()
	wait.Handle(sub, func(context.Context) (string, error) {
		close(began)
		<-goOn
		return "done", nil
	})
	root.Mount("sub", sub)
	r := remote(t, root)
	done := make(chan error, 1)
	go func() {
		text, err := wait.Call(within(t), r.Sub("sub"))
		if err == nil && text != "done" {
			err = fmt.Errorf("result %q", text)
		}
		done <- err
	}()
	<-began
	root.Unmount("sub")
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOneServiceOnManyConnections(t *testing.T) {
	var calls sync.Map // *rpc.Conn of the caller → struct{}
	svc := rpc.NewService()
	const hello rpc.Proc0 = "hello()"
	hello.Handle(svc, func(ctx context.Context) error {
		calls.Store(rpc.Caller(ctx), struct{}{})
		return nil
	})
	tcp, unix := serve(t, anyPort, svc, nil), serve(t, socketAddr(t), svc, nil)
	remotes := []rpc.Remote{
		dial(t, tcp, svc, nil).Remote(), dial(t, tcp, nil, nil).Remote(), dial(t, unix, nil, nil).Remote(),
	}
	var wg sync.WaitGroup
	for range 20 {
		for _, r := range remotes {
			wg.Go(func() {
				if err := hello.Call(within(t), r); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	n := 0
	for conn := range calls.Range {
		if conn.(*rpc.Conn).Service() != svc {
			t.Errorf("connection %v offers another service", conn)
		}
		n++
	}
	if n != len(remotes) {
		t.Errorf("called over %d connections, want %d", n, len(remotes))
	}
}

func TestAConnectionWithoutAServiceOffersAnEmptyOne(t *testing.T) {
	svc := rpc.NewService()
	const back rpc.Proc0 = "back()"
	back.Handle(svc, func(ctx context.Context) error {
		return back.Call(ctx, rpc.Caller(ctx).Remote())
	})
	err := back.Call(within(t), remote(t, svc))
	if e := remoteError(t, err); e.Type != "LookupError" || !strings.HasSuffix(e.Message, `Name "back" not found in ""`) {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
}
