package gomas_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/faulty"
	"github.com/gomas/gomas/rpc"
)

// fate is what may have become of a call.
type fate struct {
	fails, succeeds  bool
	atLeast, atMost  int // executions
	certainlyStarted bool
}

func TestACallWhoseConnectionIsCutAfterAnyByteHasOneKnownOutcome(t *testing.T) {
	eachKind(t, channel.Limits{}, func(t *testing.T, c *callee) {
		c.check(t)
		before := c.proxy.Stats()
		if _, err := note.Call(soon(t), c.via, 1000, ""); err != nil {
			t.Fatal(err)
		}
		after := c.proxy.Stats()
		request, reply := int(after.Up-before.Up), int(after.Down-before.Down)

		call := 1000
		cut := func(what string, f faulty.Faults, want fate) {
			c.check(t) // which also connects
			c.proxy.Set(f)
			call++
			n, err := note.Call(soon(t), c.via, call, "")
			c.lines.ended()
			c.proxy.Set(faulty.Faults{})
			c.check(t)
			ran := c.ran.of(call)
			if ran < want.atLeast || ran > want.atMost {
				t.Errorf("%s: executed %d times", what, ran)
			}
			var lost *channel.LostError
			switch {
			case err == nil && (!want.succeeds || n != call || ran != 1):
				t.Errorf("%s: got %d, executed %d times", what, n, ran)
			case err == nil:
			case !want.fails || !errors.As(err, &lost):
				t.Errorf("%s: failed with %T: %v", what, err, err)
			case lost.Unsent && (want.certainlyStarted || ran > 0):
				t.Errorf("%s: counts as not sent, executed %d times", what, ran)
			}
		}
		for how, name := range map[faulty.End]string{faulty.FIN: "closed", faulty.RST: "reset"} {
			for n := range request + 1 {
				f := faulty.Faults{Up: faulty.Stream{Cut: how, After: n}}
				want := fate{fails: true, certainlyStarted: n > 0}
				if n == request {
					// It may even be answered before the cut.
					want.succeeds, want.atMost = true, 1
				}
				cut(fmt.Sprintf("%s after byte %d of %d of the request", name, n, request), f, want)
			}
			for n := range reply + 1 {
				f := faulty.Faults{Down: faulty.Stream{Cut: how, After: n}}
				want := fate{fails: true, atLeast: 1, atMost: 1, certainlyStarted: true}
				switch n {
				case 0: // before the request
					want = fate{fails: true, atMost: 1}
				case reply:
					want.succeeds, want.fails = true, how == faulty.RST
				}
				cut(fmt.Sprintf("%s after byte %d of %d of the reply", name, n, reply), f, want)
			}
		}
	})
}

func TestCallersOutlastAPeerThatRefusesThem(t *testing.T) {
	eachKind(t, channel.Limits{}, func(t *testing.T, c *callee) {
		c.check(t)
		c.proxy.Set(faulty.Faults{Refuse: true})
		c.proxy.Cut(faulty.RST)
		c.lines.ended()
		outcome := make(chan error, 1)
		ctx := rpc.Repeatable(soon(t))
		go func() {
			for {
				_, err := note.Call(ctx, c.via, 1, "")
				if lost := new(channel.LostError); !errors.As(err, &lost) {
					outcome <- err
					return
				}
			}
		}()
		c.proxy.Await(func(s faulty.Stats) bool { return s.Refused >= 3 })
		c.proxy.Set(faulty.Faults{})
		if err := <-outcome; err != nil {
			t.Error(err)
		}
		c.check(t)
	})
}

func TestACallDoesNotTryAConnectionThatIsEnding(t *testing.T) {
	svc := rpc.NewService()
	note.Handle(svc, noteIn(new(tally)))
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, srv)
	proxy := faulty.New(t, srv.Addr(), 1)
	ending, goOn := make(chan struct{}, 2), make(chan struct{})
	client, err := rpc.NewClient(proxy.Addr(), nil, &rpc.Options{Connected: func(c *channel.Conn) {
		// Before the client hears of it.
		c.OnEnd(func(error) {
			ending <- struct{}{}
			<-goOn
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, client)
	defer close(goOn)
	if _, err := note.Call(soon(t), client.Remote(), 1, ""); err != nil {
		t.Fatal(err)
	}
	proxy.Cut(faulty.RST)
	<-ending
	if _, err := note.Call(soon(t), client.Remote(), 2, ""); err != nil {
		t.Errorf("call meanwhile: %v", err)
	}
}

func TestSplittingAndMergingChangesNothing(t *testing.T) {
	for name, f := range map[string]faulty.Stream{
		"each byte on its own":       {Piece: 1},
		"each byte after a pause":    {Piece: 1, Delay: 100 * time.Microsecond},
		"pieces of up to seven":      {Piece: 7},
		"pieces of up to a thousand": {Piece: 1000},
		"frames together":            {Gather: time.Millisecond},
		"frames together, in pieces": {Gather: time.Millisecond, Piece: 100},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, channel.Limits{}, func(t *testing.T, c *callee) {
				c.proxy.Set(faulty.Both(f))
				var calls sync.WaitGroup
				for i := range 12 {
					calls.Go(func() {
						text := strings.Repeat("x", i*i) // around the sizes of pieces
						if n, err := note.Call(soon(t), c.via, i, text); n != i || err != nil {
							t.Errorf("got %d, %v", n, err)
						}
						if ran := c.ran.of(i); ran != 1 {
							t.Errorf("executed %d times", ran)
						}
					})
				}
				calls.Wait()
				if cut := c.proxy.Stats().Cut; cut != 0 {
					t.Errorf("%d connections were lost", cut)
				}
			})
		})
	}
}

func TestAPeerThatRestartsDuringLoadDisturbsNobodyElse(t *testing.T) {
	const addr, callers, restarts = "tcp://127.0.0.1:0", 8, 5
	ran := new(tally)
	start := func() *gomas.Container {
		c, err := gomas.NewContainer(t.Context(), addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		note.Handle(spawn(t, c).Services(), noteIn(ran))
		return c
	}
	there := start()
	proxy := faulty.New(t, there.Addr(), 1)
	here := containerWith(t, &gomas.Options{Patience: patience, CheckTurns: true})
	via, err := here.Connect(t.Context(), proxy.Addr()+"/0")
	if err != nil {
		t.Fatal(err)
	}
	other := container(t)
	calm := connect(t, here, spawn(t, other))

	stop := make(chan struct{})
	stopped := func() bool {
		select {
		case <-stop:
			return true
		default:
			return false
		}
	}
	var running sync.WaitGroup
	var results [callers]struct{ good, lost int }
	for i := range callers {
		running.Go(func() {
			r := &results[i]
			for k := 0; !stopped() || r.good == 0; k++ {
				call := i<<20 | k
				switch n, err := note.Call(soon(t), via, call, ""); {
				case err == nil && (n != call || ran.of(call) != 1):
					t.Errorf("got %d, executed %d times", n, ran.of(call))
				case err == nil:
					r.good++
				case isLost(err, false) && ran.of(call) <= 1, isLost(err, true) && ran.of(call) == 0:
					r.lost++
				default:
					t.Errorf("call %d, executed %d times: %v", call, ran.of(call), err)
				}
			}
		})
	}
	running.Go(func() {
		for !stopped() {
			if _, err := add.Call(soon(t), calm, 1); err != nil {
				t.Errorf("another peer: %v", err)
			}
		}
	})
	for range restarts {
		accepted := proxy.Stats().Down
		proxy.Await(func(s faulty.Stats) bool { return s.Down > accepted+10_000 })
		if err := there.Close(); err != nil {
			t.Error(err)
		}
		refused := proxy.Stats().Refused
		proxy.Await(func(s faulty.Stats) bool { return s.Refused > refused })
		shutdown(t, there)
		there = start()
		proxy.SetTarget(there.Addr())
	}
	close(stop)
	running.Wait()
	lost := 0
	for i, r := range results {
		lost += r.lost
		if r.good == 0 {
			t.Errorf("caller %d never succeeded", i)
		}
	}
	if lost == 0 {
		t.Error("no call was under way when the peer went")
	}
	shutdown(t, there)
}

// fewFiles is set in the process that has hardly any file descriptors.
const fewFiles = "GOMAS_TEST_FEW_FILES"

func TestAcceptingGoesOnAfterFileDescriptorsRanOut(t *testing.T) {
	if os.Getenv(fewFiles) == "" {
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Skip("no shell to limit file descriptors with: ", err)
		}
		cmd := exec.CommandContext(soon(t), shell, "-c", `ulimit -n 40 && exec "$0" "$@"`,
			os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), fewFiles+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	there, here := container(t), container(t)
	agent := spawn(t, there)
	early := connect(t, here, agent)
	var files []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		files = append(files, f)
	}
	if len(files) == 0 || len(files) > 40 {
		t.Fatalf("%d files opened: the limit does not hold", len(files))
	}
	// One descriptor to dial with, and none to accept with.
	if err := files[0].Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := rpc.Dial(t.Context(), there.Addr(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, conn)
	late := conn.Remote().Sub("agents/0")
	var timeout *channel.TimeoutError
	if _, err := add.Call(rpc.Timeout(soon(t), 100*time.Millisecond), late, 1); !errors.As(err, &timeout) {
		t.Errorf("call of who cannot be accepted: %v", err)
	}
	if _, err := rpc.Dial(t.Context(), there.Addr(), nil, nil); err == nil || !strings.Contains(err.Error(), "too many open files") {
		t.Errorf("dial without descriptors: %v", err)
	}
	if _, err := add.Call(soon(t), early, 1); err != nil {
		t.Errorf("call on a connection that was there: %v", err)
	}
	for _, f := range files[1:] {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := add.Call(soon(t), late, 1); err != nil {
		t.Errorf("call once there are descriptors again: %v", err)
	}
}
