package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
)

// managed starts a container with a manager. The test stops it.
func managed(t *testing.T, opts *gomas.Options) *gomas.Manager {
	t.Helper()
	var factories gomas.Factories
	if err := register(&factories); err != nil {
		t.Fatal(err)
	}
	if opts == nil {
		opts = new(gomas.Options)
	}
	opts.CheckTurns = true
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	m, err := gomas.Spawn(t.Context(), c, gomas.NewManager(&factories))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Stop()
		if err := m.Wait(context.Background()); err != nil {
			t.Errorf("stopped: %v", err)
		}
	})
	return m
}

// managerOf connects to a manager from a container of its own.
func managerOf(t *testing.T, m *gomas.Manager) gomas.RemoteManager {
	t.Helper()
	return gomas.ManagerAt(connect(t, container(t), m))
}

func TestAManagerMakesAgentsByName(t *testing.T) {
	m := managed(t, nil)
	if want := "Manager('" + m.Container().Addr() + "/0')"; m.String() != want {
		t.Errorf("the manager is %v, want %s", m, want)
	}
	r := managerOf(t, m)
	for i, test := range []struct {
		name string
		args []any
		want string
	}{
		{"house", []any{12.5}, "12.5 m² in 3 rooms"},
		{"house", []any{12, 2}, "12 m² in 2 rooms"},
		{"house", []any{rpc.Kw{"rooms": 4, "size": 1}}, "1 m² in 4 rooms"},
		{"energy.house:House.create", []any{1, 2}, "1 m² in 2 rooms"},
	} {
		h, err := r.Spawn(soon(t), test.name, test.args...)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s/%d", m.Container().Addr(), i+1); h.URL() != want {
			t.Errorf("its URL is %s, want %s", h.URL(), want)
		}
		if text, err := describe.Call(soon(t), h); text != test.want || err != nil {
			t.Errorf("%s%v is %q, %v, want %q", test.name, test.args, text, err, test.want)
		}
	}
	h, err := r.Spawn(soon(t), "any", 1, "x", rpc.Kw{"y": 2})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := rpc.Call[string](soon(t), h, "given"); text != "[1 x] map[y:2]" || err != nil {
		t.Errorf("any was given %q, %v", text, err)
	}
	if names := fmt.Sprint(m.Container().Agents()[1:]); strings.Count(names, "house('tcp://") != 5 {
		t.Errorf("there are %s", names)
	}
}

func TestWhatAManagerCannotMakeLeavesNothingBehind(t *testing.T) {
	m := managed(t, nil)
	r := managerOf(t, m)
	for name, test := range map[string]struct {
		name    string
		args    []any
		failure string
	}{
		"an unknown type":                  {"castle", nil, `LookupError: no type of agents has the name "castle"; known are any, crater, energy.house:House.create, house, ruin`},
		"no name":                          {"", nil, `LookupError: no type of agents has the name ""; known are`},
		"too few arguments":                {"house", nil, "TypeError: house() missing 1 required positional argument: 'size'"},
		"too many arguments":               {"house", []any{1, 2, 3}, "TypeError: house() takes from 1 to 2 positional arguments but 3 were given"},
		"an argument of another type":      {"house", []any{"large"}, "TypeError: house() argument 'size': string does not fit float64"},
		"an unknown keyword":               {"house", []any{1, rpc.Kw{"doors": 1}}, "TypeError: house() got an unexpected keyword argument 'doors'"},
		"a type from a module":             {"energy.house:House.create", nil, "TypeError: House.create() missing 2 required positional arguments: 'size' and 'rooms'"},
		"a constructor that fails halfway": {"ruin", nil, "Error: gomas: spawn house: no money"},
		"a constructor that panics":        {"crater", nil, "PanicError: panic: no ground"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Spawn(soon(t), test.name, test.args...)
			var remote *rpc.RemoteError
			if !errors.As(err, &remote) || !strings.HasPrefix(remote.Type+": "+remote.Message, test.failure) {
				t.Errorf("error %v, want %s", err, test.failure)
			}
			if n := len(m.Container().Agents()); n != 1 {
				t.Errorf("there are %d agents", n)
			}
		})
	}
	// Only the constructors that ran have used up an id, and the manager works.
	h, err := r.Spawn(soon(t), "house", 1)
	if err != nil || h.URL() != m.Container().Addr()+"/3" {
		t.Errorf("a house is made at %v, %v", h, err)
	}
}

func TestAManagerSetsAClockThatIsSetFromOutside(t *testing.T) {
	external := new(clock.External)
	m := managed(t, &gomas.Options{Clock: external})
	r := managerOf(t, m)
	sets := func(seconds float64) error { return rpc.Proc1[float64]("set_time").Call(soon(t), r.Remote(), seconds) }
	for _, want := range []time.Duration{1, time.Second / 3, time.Second, 90*24*time.Hour + 1} {
		if err := r.SetTime(soon(t), want); err != nil || external.Now() != want {
			t.Errorf("it is %v, %v, want %v", external.Now(), err, want)
		}
	}
	before := external.Now()
	for seconds, want := range map[float64]string{
		before.Seconds(): "is not in the future",
		0:                "0s is not in the future",
		-1e300:           "are no time of a clock",
		1e10:             "1e+10 seconds are no time of a clock",
		math.Inf(1):      "+Inf seconds are no time of a clock",
	} {
		err := sets(seconds)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type != "ValueError" || !strings.Contains(remote.Message, want) {
			t.Errorf("%v seconds: %v, want ValueError: … %s", seconds, err, want)
		}
	}
	if err := sets(math.NaN()); err == nil || external.Now() != before {
		t.Errorf("it is %v, %v, want %v", external.Now(), err, before)
	}
	err := managerOf(t, managed(t, nil)).SetTime(soon(t), time.Second)
	if err == nil || !strings.Contains(err.Error(), "is not set from outside: it is a clock.Real and no *clock.External") {
		t.Errorf("on real time: %v", err)
	}
}

func TestAManagerAnswersBeforeItStops(t *testing.T) {
	m := managed(t, nil)
	r := managerOf(t, m)
	begun, end := make(chan struct{}), make(chan struct{})
	a, err := gomas.Spawn(soon(t), m.Container(), func(_ context.Context, a *gomas.Agent) (*house, error) {
		return &house{Agent: a}, a.Services().TryHandle("work", func(ctx context.Context) (string, error) {
			close(begun)
			return "done", a.Await(ctx, func() error { <-end; return nil })
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	work := make(chan string, 1)
	there := connect(t, container(t), a)
	go func() {
		text, err := rpc.Call[string](soon(t), there, "work")
		work <- fmt.Sprint(text, err)
	}()
	<-begun
	if err := r.Stop(soon(t)); err != nil {
		t.Errorf("stop: %v", err)
	}
	close(end)
	if got := <-work; got != "done<nil>" {
		t.Errorf("what was under way ended with %s", got)
	}
	if err := m.Wait(soon(t)); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := r.Spawn(soon(t), "house", 1); err == nil {
		t.Error("it makes houses still")
	}
}

func TestAPythonProgramManagesAGoContainer(t *testing.T) {
	external := new(clock.External)
	m := managed(t, &gomas.Options{Clock: external})
	py := pypeer.Start(t, "script")
	call := func(path string, args []any, kwargs map[string]any) map[string]any {
		t.Helper()
		return py.Do(t, map[string]any{"op": "call", "path": path, "args": args, "kwargs": kwargs})
	}
	if r := py.Do(t, map[string]any{"op": "dial", "addr": m.Container().Addr(), "services": true, "types": []string{"date", "reference"}}); r["error"] != nil {
		t.Fatal(r)
	}
	got := call("agents/0/spawn", []any{"energy.house:House.create", 10}, map[string]any{"rooms": 2})
	want := map[string]any{"reply": []any{map[string]any{"reference": "agents/1"}, m.Container().Addr() + "/1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("spawn: %v, want %v", got, want)
	}
	if got := call("agents/1/describe", []any{}, nil); got["reply"] != "10 m² in 2 rooms" {
		t.Errorf("describe: %v", got)
	}
	if got := call("agents/0/spawn", []any{"house"}, map[string]any{"doors": 2}); got["failure"] != "TypeError: house() got an unexpected keyword argument 'doors'\n" {
		t.Errorf("a house with doors: %v", got)
	}
	if got := call("agents/0/set_time", []any{1.5}, nil); got["failure"] != nil || external.Now() != 1500*time.Millisecond {
		t.Errorf("set_time: %v, it is %v", got, external.Now())
	}
	if got := call("agents/0/stop", []any{}, nil); !reflect.DeepEqual(got, map[string]any{"reply": nil}) {
		t.Errorf("stop: %v", got)
	}
	if err := m.Wait(soon(t)); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestAGoProgramManagesAPythonContainer(t *testing.T) {
	py := pypeer.Start(t, "serve-manager", "tcp://127.0.0.1:0")
	remote, err := container(t).Connect(soon(t), py.Addr+"/0")
	if err != nil {
		t.Fatal(err)
	}
	m := gomas.ManagerAt(remote)
	if want := "ManagerProxy('" + py.Addr + "/0')"; m.String() != want {
		t.Errorf("it is %v, want %s", m, want)
	}
	counter, err := m.Spawn(soon(t), "agents:CounterAgent", rpc.Kw{"total": 40})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := rpc.Call[int](soon(t), counter, "incr", 2); n != 42 || err != nil || counter.URL() != py.Addr+"/1" {
		t.Errorf("%v counts %d, %v", counter, n, err)
	}
	_, err = m.Spawn(soon(t), "nothing:Nothing")
	var failure *rpc.RemoteError
	if !errors.As(err, &failure) || failure.Type != "ImportError" {
		t.Errorf("an unknown type: %v", err)
	}
	if err := m.SetTime(soon(t), 90*time.Minute); err != nil {
		t.Fatal(err)
	}
	if s, err := rpc.Call[float64](soon(t), m.Remote(), "time"); s != 5400 || err != nil {
		t.Errorf("it is %v there, %v", s, err)
	}
	if err := m.SetTime(soon(t), time.Minute); !errors.As(err, &failure) || failure.Type != "ValueError" {
		t.Errorf("back in time: %v", err)
	}
	if err := m.Stop(soon(t)); err != nil {
		t.Errorf("stop: %v", err)
	}
	_, err = m.Spawn(soon(t), "agents:CounterAgent")
	var lost *channel.LostError
	if err == nil || errors.As(err, &lost) && errors.As(err, &failure) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAManagerThatAnswersWithSomethingElseIsAnError(t *testing.T) {
	svc := rpc.NewService()
	answer := any(nil)
	svc.Handle("spawn(name)", func(string) any { return answer })
	srv, err := rpc.Listen(soon(t), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, srv)
	conn, err := rpc.Dial(soon(t), srv.Addr(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, conn)
	for _, answer = range []any{nil, 7, []any{}, []any{"x", "y"}, []any{svc.Remote()}} {
		if r, err := gomas.ManagerAt(conn.Remote()).Spawn(soon(t), "x"); err == nil {
			t.Errorf("%v is taken for %v", answer, r)
		}
	}
}

func TestAManagerNeedsFactories(t *testing.T) {
	c := container(t)
	if m, err := gomas.Spawn(soon(t), c, gomas.NewManager(nil)); err == nil || len(c.Agents()) != 0 {
		t.Errorf("there is %v", m)
	}
}

func TestMistakesInAFactoryAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		text        string
		constructor any
		reason      string
	}{
		"nothing":              {"x", nil, "the function is nil"},
		"no constructor":       {"x", &house{}, "it needs a function, and this is of type *gomas_test.house"},
		"no agent":             {"x()", func(context.Context) (*house, error) { return nil, nil }, "the first parameter after the context must be a *gomas.Agent"},
		"no error":             {"x()", func(*gomas.Agent) *house { return nil }, "a constructor returns the agent and an error, and this is a func(*gomas.Agent) *gomas_test.house"},
		"an error alone":       {"x()", func(*gomas.Agent) error { return nil }, "a constructor returns the agent and an error"},
		"too few names":        {"x()", newHouse, "it names 0 parameters, the function has 2"},
		"a default of a kind":  {`x(size, rooms="many")`, newHouse, `the default of parameter "rooms": string does not fit int`},
		"a bad text":           {"x(", newHouse, "no closing parenthesis"},
		"no name":              {"energy:(size, rooms)", newHouse, "the name is empty"},
		"a name that is taken": {"house(size, rooms)", newHouse, `there is one of the name "house" already`},
	} {
		t.Run(name, func(t *testing.T) {
			var factories gomas.Factories
			if err := register(&factories); err != nil {
				t.Fatal(err)
			}
			before := factories.Names()
			err := factories.Register(test.text, test.constructor)
			if err == nil || !strings.Contains(err.Error(), test.reason) || !strings.HasPrefix(err.Error(), fmt.Sprintf("gomas: factory %q: ", test.text)) {
				t.Errorf("error %v, want … %s", err, test.reason)
			}
			if after := factories.Names(); !reflect.DeepEqual(before, after) {
				t.Errorf("the names are %v", after)
			}
		})
	}
}

func TestTheNameOfAFactoryMayBeThatOfAPythonClass(t *testing.T) {
	construct := func(*gomas.Agent) (*house, error) { return nil, nil }
	for text, want := range map[string]string{
		"house":                       "house",
		"house()":                     "house",
		"house: for people":           "house",
		"house:":                      "house",
		"house(): for: people":        "house",
		"energy.house:House":          "energy.house:House",
		"energy.house:House()":        "energy.house:House",
		"energy:House.create: a text": "energy:House.create",
		"energy:House() : a:text":     "energy:House",
	} {
		var factories gomas.Factories
		err := factories.Register(text, construct)
		if names := factories.Names(); err != nil || len(names) != 1 || names[0] != want {
			t.Errorf("%q has the name %q, %v, want %q", text, names, err, want)
		}
	}
}
