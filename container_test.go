package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

func TestAgentsPrintAsInAiomas(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	r := connect(t, c, a)
	for _, row := range []struct {
		what      fmt.Stringer
		want, fix string
	}{
		{a, "counter('%s/0')", c.Addr()},
		{r, "counterProxy('%s/0')", c.Addr()},
		{c, "Container('%s')", c.Addr()},
	} {
		if got, want := row.what.String(), fmt.Sprintf(row.want, row.fix); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if a.Container() != c || c.Agent("0") != a.Agent || c.Agents()[0] != a.Agent {
		t.Error("the container and its agent know each other")
	}
}

func TestOneConnectionBetweenTwoContainersCarriesCallsBothWays(t *testing.T) {
	here, there := container(t), container(t)
	mine := spawn(t, here)
	const say rpc.Func1[string, string] = "say(text)"
	say.Handle(mine.Services(), func(_ context.Context, text string) (string, error) { return "I say " + text, nil })
	first, second := spawn(t, there), spawn(t, there)
	a, b := connect(t, here, first), connect(t, here, second)
	conns := map[any]bool{}
	for _, r := range []rpc.Remote{a, b} {
		got, err := back.Call(t.Context(), r, "hi")
		if got != "I say hi" || err != nil {
			t.Errorf("called back: %q, %v", got, err)
		}
		conn, err := r.Peer().Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns[conn] = true
	}
	if len(conns) != 1 {
		t.Errorf("%d connections", len(conns))
	}
	if a == b || a != connect(t, here, first) {
		t.Error("remotes are equal if and only if they refer to the same agent")
	}
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	c := container(t)
	for _, row := range []struct {
		name, url string
		check     func(error) bool
	}{
		{"an unknown agent", c.Addr() + "/7", func(err error) bool { return errors.Is(err, gomas.ErrNoAgent) }},
		{"an id that is no number", c.Addr() + "/x", func(err error) bool { return errors.Is(err, gomas.ErrNoAgent) }},
		{"no agent in the URL", c.Addr(), isAddrError},
		{"no scheme", "localhost:5555/0", isAddrError},
		{"nobody there", "tcp://127.0.0.1:1/0", func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{"no such socket", "ipc://[/nowhere/at/all]/0", func(err error) bool { return errors.Is(err, os.ErrNotExist) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := c.Connect(t.Context(), row.url)
			if err == nil || !row.check(err) {
				t.Errorf("got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Connect(ctx, c.Addr()+"/0"); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func isAddrError(err error) bool {
	var bad *transport.AddrError
	return errors.As(err, &bad)
}

func TestABusyPortIsAnError(t *testing.T) {
	c := container(t)
	_, err := gomas.NewContainer(t.Context(), c.Addr(), nil)
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
}

func TestAContainerOnAUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "gomas")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, err := gomas.NewContainer(t.Context(), "ipc://["+filepath.Join(dir, "s")+"]", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a := spawn(t, c)
	if n, err := add.Call(t.Context(), connect(t, c, a), 3); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestARemoteOutlivesItsConnection(t *testing.T) {
	here, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{Patience: channel.Forever})
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	addr := there.Addr()
	r := connect(t, here, spawn(t, there))
	if _, err := add.Call(t.Context(), r, 1); err != nil {
		t.Fatal(err)
	}
	conn, err := r.Peer().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := there.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = conn.Wait(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := add.Call(ctx, r, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the peer is away: %v", err)
	}
	again, err := gomas.NewContainer(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	spawn(t, again)
	if n, err := add.Call(t.Context(), r, 1); n != 1 || err != nil {
		t.Errorf("when it is back: %d, %v", n, err)
	}
}

func TestCallersShareOneAttemptToConnect(t *testing.T) {
	here, there := container(t), container(t)
	a := spawn(t, there)
	remotes := make([]rpc.Remote, 50)
	var wg sync.WaitGroup
	for i := range remotes {
		wg.Go(func() { remotes[i] = connect(t, here, a) })
	}
	wg.Wait()
	conns := map[any]bool{}
	for _, r := range remotes {
		conn, err := r.Peer().Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns[conn] = true
	}
	if len(conns) != 1 {
		t.Errorf("%d connections", len(conns))
	}
}

func TestShutdownLetsCallsFinishUntilItsContextEnds(t *testing.T) {
	here := container(t)
	there, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := spawn(t, there)
	const wait rpc.Func0[string] = "wait"
	inside, finish := make(chan bool, 1), make(chan bool)
	wait.Handle(a.Services(), func(ctx context.Context) (string, error) {
		inside <- true
		return "done", a.Await(ctx, func() error { <-finish; return nil })
	})
	r := connect(t, here, a)
	var wg sync.WaitGroup
	wg.Go(func() {
		if got, err := wait.Call(t.Context(), r); got != "done" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	wg.Go(func() {
		<-ctx.Done()
		close(finish)
	})
	if err := there.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	wg.Wait()
}

func TestShutdownWaitsForCallsFromWithinTheProgramAlsoIfTheyWereGivenUp(t *testing.T) {
	const hold rpc.Proc0 = "hold()"
	for name, givenUp := range map[string]bool{"called from outside": false, "given up by an agent": true} {
		t.Run(name, func(t *testing.T) {
			c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
			if err != nil {
				t.Fatal(err)
			}
			caller, callee := spawn(t, c), spawn(t, c)
			begun, finish, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			hold.Handle(callee.Services(), func(ctx context.Context) error {
				defer close(ended)
				close(begun)
				return callee.Await(ctx, func() error { <-finish; return nil })
			})
			result := make(chan error, 1)
			if givenUp {
				err = caller.Go(func(ctx context.Context) {
					ctx, cancel := context.WithCancel(ctx)
					go func() {
						<-begun
						cancel()
					}()
					result <- hold.Call(ctx, callee.Remote())
				})
				if err != nil {
					t.Fatal(err)
				}
			} else {
				go func() { result <- hold.Call(context.Background(), callee.Remote()) }()
			}
			<-begun
			if givenUp {
				if err := <-result; !errors.Is(err, context.Canceled) {
					t.Errorf("the call: %v", err)
				}
			}
			down := make(chan error, 1)
			go func() { down <- c.Shutdown(t.Context()) }()
			short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			select {
			case err := <-down:
				t.Errorf("it is over while a handler runs: %v", err)
			case <-short.Done():
			}
			close(finish)
			<-ended
			if !givenUp {
				if err := <-result; err != nil {
					t.Errorf("the call: %v", err)
				}
			}
			if err := <-down; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShutdownCutsWhenItsContextEnds(t *testing.T) {
	here := container(t)
	there, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := spawn(t, there)
	const hang rpc.Proc0 = "hang"
	inside := make(chan bool, 1)
	hang.Handle(a.Services(), func(ctx context.Context) error {
		inside <- true
		return a.Sleep(ctx, time.Hour) // ends with the connection
	})
	r := connect(t, here, a)
	got := make(chan error)
	go func() { got <- hang.Call(t.Context(), r) }()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := there.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-got; err == nil {
		t.Error("the call came back")
	}
}

func TestDatesTravelAsInAiomas(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	const later rpc.Func2[time.Time, time.Duration, time.Time] = "later(date, by)"
	later.Handle(a.Services(), func(_ context.Context, date time.Time, by time.Duration) (time.Time, error) {
		return date.Add(by), nil
	})
	date := time.Date(2010, 3, 27, 0, 0, 0, 0, time.FixedZone("", 3600))
	got, err := later.Call(t.Context(), connect(t, c, a), date, time.Hour)
	if want := date.Add(time.Hour); !got.Equal(want) || err != nil {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestAPythonContainerCallsGoAgents(t *testing.T) {
	c := container(t)
	spawn(t, c)
	a := spawn(t, c)
	py := pypeer.Start(t, "script")
	if r := py.Do(t, map[string]any{"op": "dial", "addr": c.Addr(), "services": true, "types": []string{"date", "reference"}}); r["error"] != nil {
		t.Fatal(r)
	}
	for _, row := range []struct {
		name, path string
		args       []any
		want       any
	}{
		{"the type of an agent", "validate_aid", []any{"1"}, "counter"},
		{"an unknown agent", "validate_aid", []any{"9"}, nil},
		{"an id that is a number", "validate_aid", []any{0}, nil},
		{"a call", "agents/1/add", []any{20}, "20"},
		{"a call again", "agents/1/add", []any{22}, "42"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := py.Do(t, map[string]any{"op": "call", "path": row.path, "args": row.args})
			reply, ok := got["reply"]
			if row.want == nil {
				if !ok || reply != nil {
					t.Errorf("got %v", got)
				}
			} else if fmt.Sprint(reply) != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
	for path, want := range map[string]string{
		"agents/1/nosuch":                 "LookupError: Name \"nosuch\" not found in \"agents/1\"",
		"agents/9/add":                    "LookupError: Name \"9\" not found in \"agents\"",
		"agents/0/container/agents/1/add": "LookupError: Name \"container\" not found in \"agents/0\"",
		"agents":                          "TypeError: \"agents\" is a service and cannot be called",
	} {
		got := py.Do(t, map[string]any{"op": "call", "path": path, "args": []any{1}})
		if text := fmt.Sprint(got["failure"]); !reflect.DeepEqual(text, want+"\n") {
			t.Errorf("%s: %q", path, got)
		}
	}
	// Both ways on the connection that Python opened.
	const ask rpc.Func1[string, []string] = "ask_caller(q)"
	ask.Handle(a.Services(), func(ctx context.Context, q string) ([]string, error) {
		return rpc.Call[[]string](ctx, rpc.Caller(ctx).Remote(), "agents/0/answer", q)
	})
	got := py.Do(t, map[string]any{"op": "call", "path": "agents/1/ask_caller", "args": []any{"q"}})
	if want := []any{"caller answers", "q"}; !reflect.DeepEqual(got["reply"], want) {
		t.Errorf("called back: %v", got)
	}
}

func TestAGoContainerCallsPythonAgents(t *testing.T) {
	py := pypeer.Start(t, "serve-agents", "tcp://127.0.0.1:0")
	c := container(t)
	me := spawn(t, c)
	r, err := me.Connect(t.Context(), py.Addr+"/1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.String(), "CounterAgentProxy('"+py.Addr+"/1')"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, want := range []int{1, 2, 3} {
		if n, err := rpc.Call[int](t.Context(), r, "incr", 1); n != want || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	}
	date, err := rpc.Call[time.Time](t.Context(), r, "date")
	if err != nil || date.Year() != 2010 {
		t.Errorf("date %v, %v", date, err)
	}
	if url, err := rpc.Call[string](t.Context(), r, "url"); url != py.Addr+"/1" || err != nil {
		t.Errorf("url %q, %v", url, err)
	}
	if _, err := me.Connect(t.Context(), py.Addr+"/5"); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("an unknown agent: %v", err)
	}
	_, err = rpc.Call[any](t.Context(), r, "nosuch")
	var remote *rpc.RemoteError
	if !errors.As(err, &remote) || remote.Type != "LookupError" {
		t.Errorf("an unknown function: %v", err)
	}
}

type bid struct {
	Price float64   `msgpack:"price"`
	Until time.Time `msgpack:"until"`
}

func TestCustomTypesComeAfterDates(t *testing.T) {
	types := new(codec.Types)
	if err := codec.RegisterStruct[bid](types); err != nil {
		t.Fatal(err)
	}
	opts := &gomas.Options{Codec: msgpack.Codec{}, Types: types}
	var cs [2]*gomas.Container
	for i := range cs {
		c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", opts)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		cs[i] = c
	}
	a := spawn(t, cs[1])
	const better rpc.Func1[any, any] = "better(bid)"
	better.Handle(a.Services(), func(_ context.Context, v any) (any, error) {
		b := v.(bid)
		b.Price++
		return []any{b}, nil
	})
	until := time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)
	got, err := better.Call(t.Context(), connect(t, cs[0], a), bid{4, until})
	if err != nil {
		t.Fatal(err)
	}
	if list, ok := got.([]any); !ok || list[0].(bid).Price != 5 || !list[0].(bid).Until.Equal(until) {
		t.Errorf("got %v", got)
	}
}

func TestAClosedContainerAnswersAtOnceHoweverPatientItWas(t *testing.T) {
	here, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{Patience: channel.Forever})
	if err != nil {
		t.Fatal(err)
	}
	r := connect(t, here, spawn(t, here))
	if err := here.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := add.Call(context.Background(), r, 1); !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestAContainerCanAdvertiseAnotherAddressThanItListensAt(t *testing.T) {
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{Advertise: "tcp://localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, c) })
	a, other := spawn(t, c), container(t)
	if !strings.HasPrefix(a.URL(), "tcp://localhost:") || strings.HasSuffix(c.Addr(), ":0") {
		t.Errorf("the agent is at %s", a.URL())
	}
	for name, from := range map[string]*gomas.Container{"from inside": c, "from another container": other} {
		r, err := from.Connect(soon(t), a.URL())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if inside := r.Peer().(rpc.Insider).Inside() != nil; inside != (from == c) {
			t.Errorf("%s: a call takes no socket: %v", name, inside)
		}
	}
	for addr, want := range map[string]string{"tcp://0.0.0.0:5555": "every interface", "localhost": "no scheme"} {
		_, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{Advertise: addr})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
