package gomas_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

// printed collects what processes print.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// process starts a process with a role for as long as the test lasts.
func process(t testing.TB, c *gomas.Container, as string) *gomas.Process {
	t.Helper()
	p, err := gomas.StartProcess(soon(t), c, in(as))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background()) }) // it may have been made to fail
	return p
}

// in returns the options for a process in a role.
func in(as string) *gomas.ProcessOptions {
	return &gomas.ProcessOptions{Name: "child", Env: []string{role + "=" + as}, Stdout: io.Discard, Stderr: io.Discard}
}

func TestAgentsInAProcessAreMadeAndCalledLikeOthers(t *testing.T) {
	c := container(t)
	p := process(t, c, "")
	if p.Manager().Remote().URL() != p.Addr()+"/0" || strings.HasSuffix(p.Addr(), ":0") || p.PID() == os.Getpid() {
		t.Errorf("%v has the manager %v and is process %d", p, p.Manager(), p.PID())
	}
	there, err := p.Spawn(soon(t), "house", 120.5, rpc.Kw{"rooms": 4})
	if err != nil {
		t.Fatal(err)
	}
	if there.URL() != p.Addr()+"/1" {
		t.Errorf("the house is %v", there)
	}
	if text, err := describe.Call(soon(t), there); text != "120.5 m² in 4 rooms" || err != nil {
		t.Errorf("it is %q, %v", text, err)
	}
	here, err := gomas.Spawn(soon(t), c, func(ctx context.Context, a *gomas.Agent) (*house, error) { return newHouse(ctx, a, 1, 1) })
	if err != nil {
		t.Fatal(err)
	}
	if text, err := visit.Call(soon(t), there, here.Remote()); text != "1 m² in 1 rooms" || err != nil {
		t.Errorf("it calls back: %q, %v", text, err)
	}
	if err := p.Stop(soon(t)); err != nil || p.Err() != nil {
		t.Errorf("it ends with %v, %v", err, p.Err())
	}
	<-p.Done()
	var gone *gomas.ProcessError
	if _, err := p.Spawn(soon(t), "house", 1); !errors.As(err, &gone) || err.Error() != "gomas: process child: it has ended" {
		t.Errorf("a house after the end: %v", err)
	}
}

func TestAnAgentMayStartAndStopProcessesItself(t *testing.T) {
	c := container(t)
	a, err := gomas.Spawn(soon(t), c, func(ctx context.Context, a *gomas.Agent) (*house, error) {
		p, err := gomas.StartProcess(ctx, c, in(""))
		if err != nil {
			return nil, err
		}
		there, err := p.Spawn(ctx, "house", 7)
		if err != nil {
			return nil, err
		}
		text, err := describe.Call(ctx, there)
		if text != "7 m² in 3 rooms" {
			t.Errorf("it is %q", text)
		}
		return &house{Agent: a}, errors.Join(err, p.Stop(ctx))
	})
	if err != nil {
		t.Errorf("%v: %v", a, err)
	}
}

func TestWhatAProcessPrintsComesLineByLineWithItsName(t *testing.T) {
	var stdout, stderr printed
	opts := in("hangs at the end")
	opts.Stdout, opts.Stderr, opts.Grace = &stdout, &stderr, 3*time.Second
	p, err := gomas.StartProcess(soon(t), container(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Stop(soon(t))
	var failed *gomas.ProcessError
	if !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) || failed.Output != "one moment" {
		t.Errorf("it ended with %v", err)
	}
	if stdout.String() != "child: one moment\n" || stderr.String() != "" {
		t.Errorf("it printed %q and %q", stdout.String(), stderr.String())
	}
}

// untilPrinted is a context whose deadline comes when something is printed to it.
type untilPrinted struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func (u *untilPrinted) Done() <-chan struct{} { return u.done }

func (u *untilPrinted) Err() error {
	select {
	case <-u.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (u *untilPrinted) Write(p []byte) (int, error) {
	u.once.Do(func() { close(u.done) })
	return len(p), nil
}

func TestAProcessThatDoesNotStartIsAnErrorWithWhatItPrinted(t *testing.T) {
	busy := container(t)
	hangs := in("hangs at start")
	hangs.Stdout = &untilPrinted{Context: t.Context(), done: make(chan struct{})}
	for name, test := range map[string]struct {
		opts *gomas.ProcessOptions
		want []string
	}{
		"it dies":  {in("dies at start"), []string{"process child: start: exit status 3; it printed\n", "some output", "panic: no money\ngoroutine 1: …"}},
		"it ends":  {in("ends at start"), []string{"process child: start: it ended without serving"}},
		"it hangs": {hangs, []string{"process child: start: context deadline exceeded; it printed\nthinking"}},
		"its port is taken": {
			&gomas.ProcessOptions{Name: "child", Addr: busy.Addr(), Stdout: io.Discard, Stderr: io.Discard},
			[]string{"process child: start: gomas: container at " + busy.Addr(), "address already in use"},
		},
		"its address is none": {
			&gomas.ProcessOptions{Name: "child", Addr: "tcp://", Stdout: io.Discard, Stderr: io.Discard},
			[]string{`invalid address "tcp://"`},
		},
		"there is no such program": {&gomas.ProcessOptions{Command: []string{"./no such program"}}, []string{"no such program"}},
		"a clock of its own kind":  {&gomas.ProcessOptions{Clock: strangeClock{}}, []string{"a gomas_test.strangeClock cannot be in two processes"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := soon(t)
			if until, ok := test.opts.Stdout.(*untilPrinted); ok {
				ctx = until
			}
			p, err := gomas.StartProcess(ctx, busy, test.opts)
			if err == nil {
				t.Fatalf("%v started", p)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want … %s …", err, want)
				}
			}
		})
	}
}

// strangeClock is a clock that only one process can have.
type strangeClock struct{ clock.Clock }

func TestAProcessThatDiesInTheMiddleIsNamedByWhatFails(t *testing.T) {
	p := process(t, container(t), "")
	there, err := p.Spawn(soon(t), "house", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := exit.Call(soon(t), there, 7); err == nil {
		t.Error("it answered")
	}
	if _, err := p.Spawn(soon(t), "house", 1); !isExit(err, 7) || !strings.Contains(err.Error(), "process child: exit status 7; it printed\nthe roof is on fire") {
		t.Errorf("a house there: %v", err)
	}
	if err := p.Wait(soon(t)); !isExit(err, 7) || !errors.Is(p.Err(), err) {
		t.Errorf("it ended with %v, %v", err, p.Err())
	}
	if err := p.Stop(soon(t)); !isExit(err, 7) {
		t.Errorf("stopped again: %v", err)
	}
}

// isExit reports whether a process ended with a status.
func isExit(err error, status int) bool {
	var state *exec.ExitError
	return errors.As(err, &state) && state.ExitCode() == status
}

func TestAProcessHasTheFormatAndTheClockOfTheContainer(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	opts := &gomas.Options{Codec: msgpack.Codec{}, Clock: clock.NewExternal(start, time.Hour)}
	p := process(t, containerWith(t, opts), "")
	there, err := p.Spawn(soon(t), "house", 1)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := seconds.Call(soon(t), there); now != 3600 || err != nil {
		t.Errorf("it is %v there, %v", now, err)
	}
	if err := p.SetTime(soon(t), 2*time.Hour+1); err != nil {
		t.Fatal(err)
	}
	if now, err := seconds.Call(soon(t), there); now != (2*time.Hour+1).Seconds() || err != nil {
		t.Errorf("it is %v there, %v", now, err)
	}
	err = p.SetTime(soon(t), time.Hour)
	if err == nil || !strings.Contains(err.Error(), "process child: ") || !strings.Contains(err.Error(), "1h0m0s is not in the future: it is 2h0m0.000000001s") {
		t.Errorf("back in time: %v", err)
	}
}

func TestAKilledParentLeavesNoProcessBehind(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), role+"=parent")
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	addr = strings.TrimSpace(addr)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rpc.Dial(soon(t), addr, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // reports the kill
	if err := conn.Wait(soon(t)); errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("it is still there: %v", err)
	}
	if conn, err := rpc.Dial(soon(t), addr, nil, nil); err == nil {
		t.Error("it still listens")
		_ = conn.Close()
	}
}

func TestAProcessEndsWellWhenItsManagerOrTheSystemSaysSo(t *testing.T) {
	c := container(t)
	p := process(t, c, "")
	if err := p.Manager().Stop(soon(t)); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := p.Wait(soon(t)); err != nil {
		t.Errorf("told by its manager, it ended with %v", err)
	}
}

func TestAProcessSaysWhatIsWrongWithItsOrders(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ orders, problem string }{
		"no JSON":                       {`{`, "the environment variable GOMAS_PROCESS: unexpected end of JSON input"},
		"a codec it does not have":      {`{"codec":"msgpackblosc"}`, `the parent's codec is "msgpackblosc": ServeProcess needs Options with it`},
		"certificates it does not have": {`{"codec":"json","tls":true}`, "the parent's connections are secured: ServeProcess needs Options with TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(soon(t), self) // its standard input is at its end
			cmd.Env = append(os.Environ(), "GOMAS_PROCESS="+test.orders)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if !strings.HasPrefix(stdout.String(), `gomas process: {"error":`) || !strings.Contains(stderr.String(), test.problem) {
				t.Errorf("it printed %q and %q, want … %s …", stdout.String(), stderr.String(), test.problem)
			}
			if err == nil {
				t.Error("it ended well")
			}
		})
	}
}

func TestTimeMovesInAllOfAFleetAndAgentsAreSpreadEvenly(t *testing.T) {
	c := containerWith(t, &gomas.Options{Clock: new(clock.External)})
	f, err := gomas.StartFleet(soon(t), c, 3, in(""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Stop(context.Background()) }() // one of them is made to fail
	var houses []rpc.Remote
	for i := range 7 {
		if _, err := f.Spawn(soon(t), "ruin"); err == nil {
			t.Error("a ruin stands")
		}
		h, err := f.Spawn(soon(t), "house", i)
		if err != nil {
			t.Fatal(err)
		}
		if want := f.Processes()[i%3].Addr(); !strings.HasPrefix(h.URL(), want+"/") {
			t.Errorf("house %d is %s", i, h.URL())
		}
		houses = append(houses, h)
	}
	if err := f.SetTime(soon(t), time.Minute); err != nil {
		t.Fatal(err)
	}
	times, err := rpc.Gather(soon(t), houses, func(ctx context.Context, h rpc.Remote) (float64, error) { return seconds.Call(ctx, h) })
	if fmt.Sprint(times) != "[60 60 60 60 60 60 60]" || err != nil {
		t.Errorf("it is %v, %v", times, err)
	}
	_ = exit.Call(soon(t), houses[1], 9) // its connection is lost
	if err := f.SetTime(soon(t), time.Hour); !isExit(err, 9) || !strings.Contains(err.Error(), "process child-1: exit status 9") || strings.Contains(err.Error(), "child-0") {
		t.Errorf("setting the time: %v", err)
	}
	if now, err := seconds.Call(soon(t), houses[0]); now != 3600 || err != nil {
		t.Errorf("in the others it is %v, %v", now, err)
	}
	if err := f.Stop(soon(t)); !isExit(err, 9) || strings.Contains(err.Error(), "child-2") {
		t.Errorf("stopping: %v", err)
	}
}

func TestAFleetSpawnsNothingInProcessesThatHaveEnded(t *testing.T) {
	f, err := gomas.StartFleet(soon(t), container(t), 2, in(""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Stop(context.Background()) }() // one of them is made to fail
	first, err := f.Spawn(soon(t), "house", 1)
	if err != nil {
		t.Fatal(err)
	}
	_ = exit.Call(soon(t), first, 9) // its connection is lost
	if err := f.Processes()[0].Wait(soon(t)); !isExit(err, 9) {
		t.Fatalf("the first process ended with %v", err)
	}
	left := f.Processes()[1]
	for i := range 3 {
		h, err := f.Spawn(soon(t), "house", i)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.URL(), left.Addr()+"/") {
			t.Errorf("house %d is %s, not in %v", i, h.URL(), left)
		}
	}
	if err := left.Stop(soon(t)); err != nil {
		t.Fatal(err)
	}
	_, err = f.Spawn(soon(t), "house", 1)
	if !isExit(err, 9) {
		t.Fatalf("a house where all have ended: %v", err)
	}
	for _, want := range []string{"gomas: spawn in a fleet whose processes have all ended: ", "process child-0: exit status 9", "process child-1: it has ended"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("a house where all have ended: %v, want … %s …", err, want)
		}
	}
}

func TestAFleetOfLessThanNothingIsAnError(t *testing.T) {
	f, err := gomas.StartFleet(soon(t), container(t), -1, in(""))
	if f != nil || err == nil || err.Error() != "gomas: start a fleet of -1 processes: want 0 or more" {
		t.Errorf("a fleet of -1: %v, %v", f, err)
	}
}

func TestAFleetStartsWithAllProcessesOrNone(t *testing.T) {
	c := container(t)
	opts := in("")
	opts.Addr = freePort(t) // for one only
	f, err := gomas.StartFleet(soon(t), c, 3, opts)
	if err == nil {
		t.Fatalf("%v started", f.Processes())
	}
	if n := strings.Count(err.Error(), ": start: "); n != 2 {
		t.Errorf("%d have found the port taken: %v", n, err)
	}
	if conn, err := rpc.Dial(soon(t), opts.Addr, nil, nil); err == nil {
		t.Error("the other one is still there")
		_ = conn.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := gomas.StartFleet(ctx, c, 2, in("hangs at start")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("those that hang: %v", err)
	}
	empty, err := gomas.StartFleet(soon(t), c, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Spawn(soon(t), "house"); err == nil {
		t.Error("a house in no process")
	}
	if err := errors.Join(empty.SetTime(soon(t), 1), empty.Stop(soon(t))); err != nil {
		t.Errorf("a fleet of none: %v", err)
	}
}

// freePort returns an address at which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, c)
	return c.Addr()
}
