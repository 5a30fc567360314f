package gomas_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// diary is what agents write into, from whatever turn.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, ", ")
}

const hold rpc.Proc0 = "hold"

// holder is an agent with a function that keeps the turn until it is released.
func holder(held, release chan struct{}) func(context.Context, *gomas.Agent) (*gomas.Agent, error) {
	return func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		hold.Handle(a.Services(), func(context.Context) error {
			held <- struct{}{}
			<-release
			return nil
		})
		return a, nil
	}
}

func TestAnAgentThatStopsFinishesWhatHasBegunAndRefusesTheRest(t *testing.T) {
	c, other := container(t), container(t)
	held, release := make(chan struct{}), make(chan struct{})
	a, err := gomas.Spawn(t.Context(), c, holder(held, release))
	if err != nil {
		t.Fatal(err)
	}
	bystander := spawn(t, c)
	r := connect(t, other, a)
	// Frames by hand, because they come in a known order.
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.Addr(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	path := "agents/" + a.ID() + "/hold"
	for i, call := range []string{path, path, "validate_aid"} {
		frame := fmt.Sprintf(`[0, %d, [%q, [], {}]]`, i, call)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)); err != nil {
			t.Fatal(err)
		}
	}
	reply := func() string {
		var size [4]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(conn, frame); err != nil {
			t.Fatal(err)
		}
		return string(frame)
	}
	<-held
	if got := reply(); !strings.HasPrefix(got, "[2, 2, ") { // no argument
		t.Fatalf("got %s", got)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- a.Stop(t.Context()) }()
	// Others are refused from some time on, and then the stop is under way.
	for {
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		err := hold.Call(short, r)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	close(release)
	// An answer is sent when the turn has been passed on, so either may be first.
	replies := []string{reply(), reply()}
	slices.Sort(replies) // the result before the failure
	if got := replies[0]; got != "[1, 0, null]" {
		t.Errorf("the call that had begun: %s", got)
	}
	if got := replies[1]; got != fmt.Sprintf(`[2, 1, "AgentStoppedError: Agent('%s'): the agent has stopped\n"]`, a.URL()) {
		t.Errorf("the call that waited for its turn: %s", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := hold.Call(t.Context(), r); err == nil {
		t.Error("a call of the agent that has stopped succeeded")
	}
	if _, err := other.Connect(t.Context(), a.URL()); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("connect: %v", err)
	}
	if n, err := add.Call(t.Context(), connect(t, other, bystander), 1); n != 1 || err != nil {
		t.Errorf("another agent: %d, %v", n, err)
	}
	if next := spawn(t, c); next.URL() == a.URL() {
		t.Error("the address is used again")
	}
	if !a.Stopped() || c.Agent(a.ID()) != nil {
		t.Error("the agent is still known")
	}
}

func TestTheTasksOfAnAgentEndWithItAndNoneBegin(t *testing.T) {
	c := container(t)
	a, b := spawn(t, c), spawn(t, c)
	var d diary
	sleeping := make(chan struct{})
	for _, agent := range []*counter{a, b} {
		if err := agent.Go(func(ctx context.Context) {
			sleeping <- struct{}{}
			err := agent.Sleep(ctx, time.Hour)
			d.write(err.Error())
		}); err != nil {
			t.Fatal(err)
		}
		<-sleeping
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.read(); got != "context canceled: the agent has stopped" {
		t.Errorf("ended: %q", got)
	}
	if err := a.Go(func(context.Context) { t.Error("a task of an agent that has stopped") }); !errors.Is(err, gomas.ErrStopped) {
		t.Errorf("go: %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Errorf("stop again: %v", err)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := d.read(); !strings.Contains(got, "closed") {
		t.Errorf("ended: %q", got)
	}
}

func TestAnAgentCannotWaitForItsOwnEnd(t *testing.T) {
	a := spawn(t, container(t))
	err := a.Do(t.Context(), func(ctx context.Context) error { return a.Stop(ctx) })
	if !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("error %v", err)
	}
}

func TestStopReturnsWhenItsContextEndsAndGoesOn(t *testing.T) {
	c := container(t)
	held, release := make(chan struct{}), make(chan struct{})
	a, err := gomas.Spawn(t.Context(), c, holder(held, release))
	if err != nil {
		t.Fatal(err)
	}
	r := connect(t, c, a)
	done := make(chan error, 1)
	go func() { done <- hold.Call(t.Context(), r) }()
	<-held
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := a.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the call that had begun: %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Errorf("stop again: %v", err)
	}
}

// hooked is an agent that writes down when it starts and stops.
func hooked(d *diary, name string, fail error) func(context.Context, *gomas.Agent) (*gomas.Agent, error) {
	return func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		d.write(name + " made")
		for _, n := range []string{"1", "2"} {
			a.OnStart(func(ctx context.Context) error {
				d.write(name + " starts " + n)
				_, err := a.Connect(ctx, a.URL()) // it can be reached
				return errors.Join(err, fail)
			})
			a.OnStop(func(ctx context.Context) error {
				d.write(name + " stops " + n)
				return a.Sleep(ctx, 0) // it can wait
			})
		}
		return a, nil
	}
}

func TestStartAndStopFunctionsRunInOrder(t *testing.T) {
	var d diary
	c := container(t)
	for _, name := range []string{"x", "y", "z"} {
		if _, err := gomas.Spawn(t.Context(), c, hooked(&d, name, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Agents()[1].Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	want := "x made, x starts 1, x starts 2, y made, y starts 1, y starts 2, z made, z starts 1, z starts 2, " +
		"y stops 2, y stops 1, z stops 2, z stops 1, x stops 2, x stops 1"
	if got := d.read(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnAgentWhoseStartFailsIsGone(t *testing.T) {
	var d diary
	c, boom := container(t), errors.New("boom")
	if _, err := gomas.Spawn(t.Context(), c, hooked(&d, "x", boom)); !errors.Is(err, boom) {
		t.Errorf("spawn: %v", err)
	}
	if got := d.read(); got != "x made, x starts 1" {
		t.Errorf("it did: %s", got)
	}
	if _, err := c.Connect(t.Context(), c.Addr()+"/0"); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("connect: %v", err)
	}
}

func TestStopReturnsTheErrorsAndPanicsOfItsFunctions(t *testing.T) {
	c := container(t)
	first, second := errors.New("first"), errors.New("second")
	a, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		a.OnStop(func(context.Context) error { return first })
		a.OnStop(func(context.Context) error { panic("spam") })
		a.OnStop(func(context.Context) error { return second })
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Stop(t.Context())
	var p *rpc.PanicError
	if !errors.Is(err, first) || !errors.Is(err, second) || !errors.As(err, &p) || p.Value != "spam" {
		t.Errorf("stop: %v", err)
	}
}

func TestAgentsMayHaveNamesThatAreUsedOnce(t *testing.T) {
	c := container(t)
	a, err := gomas.SpawnAs(t.Context(), c, "house-7", newCounter)
	if err != nil || a.ID() != "house-7" || a.String() != "counter('"+c.Addr()+"/house-7')" {
		t.Fatalf("%v, %v", a, err)
	}
	if b := spawn(t, c); b.ID() != "0" {
		t.Errorf("the first number is %s", b.ID())
	}
	if n, err := add.Call(t.Context(), connect(t, c, a), 1); n != 1 || err != nil {
		t.Errorf("call: %d, %v", n, err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for id, want := range map[string]string{
		"house-7": "used already", "": "empty", "a/b": "slash", "7": "number", "1e3": "number", "a b": "blank",
	} {
		if _, err := gomas.SpawnAs(t.Context(), c, id, newCounter); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
}

func TestAgentsAreListedByTypeInOrderOfTheirCreation(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	h, err := gomas.Spawn(t.Context(), c, newHost)
	if err != nil {
		t.Fatal(err)
	}
	b := spawn(t, c)
	if got := gomas.AgentsOf[*counter](c); !slices.Equal(got, []*counter{a, b}) {
		t.Errorf("counters are %v", got)
	}
	if got := gomas.AgentsOf[interface{ ID() string }](c); len(got) != 3 {
		t.Errorf("all are %v", got)
	}
	if got := c.Agents(); !slices.Equal(got, []*gomas.Agent{a.Agent, h.Agent, b.Agent}) {
		t.Errorf("agents are %v", got)
	}
}

func TestTimersAndPeriodicTasksGoByTheClockOfTheContainer(t *testing.T) {
	external := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{Clock: external, CheckTurns: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Shutdown(context.Background()) })
	a := spawn(t, c)
	ran := make(chan string, 10)
	note := func(what string) func(context.Context) {
		return func(ctx context.Context) {
			a.n++ // in the turn
			if err := a.Sleep(ctx, 0); err != nil {
				t.Error(err)
			}
			ran <- what
		}
	}
	for _, schedule := range []func() (clock.Timer, error){
		func() (clock.Timer, error) { return a.In(time.Second, note("in 1 s")) },
		func() (clock.Timer, error) { return a.At(2*time.Second, note("at 2 s")) },
		func() (clock.Timer, error) { return a.AtDate(external.Date().Add(3*time.Second), note("at 0:00:03")) },
	} {
		if _, err := schedule(); err != nil {
			t.Fatal(err)
		}
	}
	stopped, err := a.In(time.Second, note("never"))
	if err != nil || !stopped.Stop() {
		t.Fatal("the timer did not stop", err)
	}
	for i, want := range []string{"in 1 s", "at 2 s", "at 0:00:03"} {
		if err := external.Set(time.Duration(i+1) * time.Second); err != nil {
			t.Fatal(err)
		}
		if got := <-ran; got != want {
			t.Errorf("%q ran, want %q", got, want)
		}
	}
	var past *clock.PastError
	if _, err := a.At(time.Second, note("past")); !errors.As(err, &past) {
		t.Errorf("at a time in the past: %v", err)
	}

	asleep := make(chan struct{}, 1)
	if err := a.Every(time.Minute, func(ctx context.Context) error { note("each minute")(ctx); asleep <- struct{}{}; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.Do(t.Context(), func(context.Context) error { return nil }); err != nil { // until it sleeps
		t.Fatal(err)
	}
	for i := range 3 {
		if err := external.Set(time.Duration(i+1)*time.Minute + 3*time.Second); err != nil {
			t.Fatal(err)
		}
		if got := <-ran; got != "each minute" {
			t.Errorf("%q ran", got)
		}
		<-asleep
		if err := a.Do(t.Context(), func(context.Context) error { return nil }); err != nil { // until it sleeps again
			t.Fatal(err)
		}
	}
	if err := a.Every(0, nil); err == nil {
		t.Error("a period of zero")
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := external.Set(time.Hour); err != nil {
		t.Error(err)
	}
	select {
	case what := <-ran:
		t.Errorf("%q ran after the end", what)
	default:
	}
}

func TestWaitForReturnsOnceTheAgentIsThere(t *testing.T) {
	here, there := container(t), container(t)
	url := there.Addr() + "/late"
	found := make(chan error, 1)
	go func() {
		r, err := here.WaitFor(t.Context(), url)
		if err == nil {
			_, err = add.Call(t.Context(), r, 1)
		}
		found <- err
	}()
	spawn(t, there) // another one does not count
	if _, err := gomas.SpawnAs(t.Context(), there, "late", newCounter); err != nil {
		t.Fatal(err)
	}
	if err := <-found; err != nil {
		t.Errorf("wait: %v", err)
	}
	if _, err := here.WaitFor(t.Context(), url); err != nil {
		t.Errorf("wait for one that is there: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := here.WaitFor(short, there.Addr()+"/never"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait in vain: %v", err)
	}
	if _, err := here.WaitFor(t.Context(), "nonsense"); err == nil {
		t.Error("nonsense was found")
	}
}

func TestWaitForWaitsForTheContainerToo(t *testing.T) {
	here, gone := container(t), container(t)
	addr := gone.Addr()
	if err := gone.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := make(chan error, 1)
	go func() {
		_, err := here.WaitFor(t.Context(), addr+"/0")
		found <- err
	}()
	again, err := gomas.NewContainer(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Shutdown(context.Background()) })
	spawn(t, again)
	if err := <-found; err != nil {
		t.Errorf("wait: %v", err)
	}
}

func TestAContainerOffersFunctionsOfTheProgramsOwn(t *testing.T) {
	here, there := container(t), container(t)
	const version rpc.Func0[string] = "version"
	version.Handle(there.Services(), func(context.Context) (string, error) { return "7", nil })
	conn, err := rpc.Dial(t.Context(), there.Addr(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if v, err := version.Call(t.Context(), conn.Remote()); v != "7" || err != nil {
		t.Errorf("version %q, %v", v, err)
	}
	_ = here
}

func TestServeShutsContainersDownWhenItsContextEnds(t *testing.T) {
	var d diary
	c := container(t)
	if _, err := gomas.Spawn(t.Context(), c, hooked(&d, "x", nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gomas.Serve(ctx, time.Minute, c, container(t)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(d.read(), "x stops") {
		t.Errorf("it did: %s", d.read())
	}
	if _, err := gomas.Spawn(t.Context(), c, newCounter); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("spawn: %v", err)
	}
}
