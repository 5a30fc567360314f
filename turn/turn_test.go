package turn_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// agent is the least that an agent is: a turn, and state without a lock.
type agent struct {
	turn.Own
	ctx   context.Context
	count int // the race detector watches it
}

func newAgent() *agent {
	a := new(agent)
	a.ctx = turn.With(context.Background(), &a.Own)
	return a
}

// start runs fn as a task of the agent and counts it in wg until its turn has
// been passed on.
func (a *agent) start(wg *sync.WaitGroup, fn func(ctx context.Context)) {
	wg.Add(1)
	a.Start(&turn.Item{Task: &task{run: func() { fn(a.ctx) }, finish: wg.Done}})
}

type task struct{ run, finish func() }

func (t *task) Run()    { t.run() }
func (t *task) Finish() { t.finish() }

func TestTasksOfOneAgentNeverOverlap(t *testing.T) {
	a := newAgent()
	var inside atomic.Int32
	var wg sync.WaitGroup
	enter := func() {
		if inside.Add(1) != 1 {
			t.Error("two tasks inside one agent")
		}
		a.count++
		runtime.Gosched()
		inside.Add(-1)
	}
	const tasks, rounds = 200, 10
	var starters sync.WaitGroup
	for range tasks {
		starters.Go(func() {
			a.start(&wg, func(ctx context.Context) {
				for range rounds {
					enter()
					w, err := turn.Begin(ctx, nil)
					if err != nil {
						t.Error(err)
						return
					}
					go w.Wake(nil)
					if err := w.Block(ctx, "test"); err != nil {
						t.Error(err)
					}
					enter()
					if err := turn.Await(ctx, runtime.Gosched); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
	starters.Wait()
	wg.Wait()
	if a.count != tasks*rounds*2 {
		t.Errorf("%d of %d steps", a.count, tasks*rounds*2)
	}
}

func TestTasksRunInOrderOfStart(t *testing.T) {
	a := newAgent()
	var got []int
	var wg sync.WaitGroup
	if err := a.Do(t.Context(), func() {
		for i := range 100 {
			a.start(&wg, func(context.Context) { got = append(got, i) })
		}
	}); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if len(got) != 100 || !slices.IsSorted(got) {
		t.Errorf("order %v", got)
	}
}

func TestWaitsResumeInOrderOfWakingAndNobodyOvertakes(t *testing.T) {
	a := newAgent()
	var wg sync.WaitGroup
	waits := make([]turn.Wait, 3)
	var got []string
	begun := make(chan int, 3)
	for i := range waits {
		a.start(&wg, func(ctx context.Context) {
			waits[i], _ = turn.Begin(ctx, nil)
			begun <- i
			_ = waits[i].Block(ctx, "test")
			got = append(got, "wait "+string(rune('0'+i)))
		})
	}
	for range waits {
		<-begun
	}
	if err := a.Do(t.Context(), func() {
		waits[2].Wake(nil)
		a.start(&wg, func(context.Context) { got = append(got, "new task") })
		waits[0].Wake(nil)
		waits[1].Wake(nil)
	}); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	want := []string{"wait 2", "new task", "wait 0", "wait 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTwoAgentsOverlapInTime(t *testing.T) {
	var wg sync.WaitGroup
	meet := make(chan bool)
	newAgent().start(&wg, func(context.Context) { meet <- true })
	newAgent().start(&wg, func(context.Context) { <-meet })
	wg.Wait() // each holds its turn until the other is inside too
}

func TestOnlyTheFirstWakeCounts(t *testing.T) {
	a := newAgent()
	var wg sync.WaitGroup
	first, second := errors.New("first"), errors.New("second")
	a.start(&wg, func(ctx context.Context) {
		w, _ := turn.Begin(ctx, nil)
		if !w.Wake(first) || w.Wake(second) {
			t.Error("the first call ends the wait, the second does not")
		}
		if err := w.Block(ctx, "test"); err != first {
			t.Errorf("Block returned %v", err)
		}
		if w.Wake(second) {
			t.Error("a late Wake counted")
		}
		// The waiter is reused; the late Wake must not touch the next wait.
		for range 10 {
			next, _ := turn.Begin(ctx, nil)
			if w.Wake(second) {
				t.Error("a late Wake ended another wait")
			}
			next.Wake(first)
			if err := next.Block(ctx, "test"); err != first {
				t.Errorf("Block returned %v", err)
			}
		}
	})
	wg.Wait()
}

func TestDroppedWaitsLeaveTheTurnWhereItIs(t *testing.T) {
	a := newAgent()
	var wg sync.WaitGroup
	a.start(&wg, func(ctx context.Context) {
		w, _ := turn.Begin(ctx, nil)
		w.Drop()
		w, _ = turn.Begin(ctx, nil)
		w.Wake(nil)
		w.Drop()
		a.count++
	})
	wg.Wait()
	if err := a.Do(t.Context(), func() { a.count++ }); err != nil {
		t.Fatal(err)
	}
}

func TestTheEndOfTheContextEndsAWait(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"with a turn":    newAgent().ctx,
		"without a turn": context.Background(),
	} {
		t.Run(name, func(t *testing.T) {
			cause := errors.New("the cause")
			ctx, cancel := context.WithCancelCause(ctx)
			var wg sync.WaitGroup
			run := func() {
				w, err := turn.Begin(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				go cancel(cause)
				err = w.Block(ctx, "test")
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
					t.Errorf("Block returned %v", err)
				}
				if w.Wake(nil) {
					t.Error("Wake after the end counted")
				}
			}
			if own, ok := turn.From(ctx).(*turn.Own); ok {
				wg.Add(1)
				own.Start(&turn.Item{Task: &task{run, wg.Done}})
			} else {
				run()
			}
			wg.Wait()
		})
	}
}

func TestGoexitPassesTheTurnOn(t *testing.T) {
	a := newAgent()
	var wg sync.WaitGroup
	a.start(&wg, func(context.Context) { runtime.Goexit() })
	a.start(&wg, func(context.Context) { a.count++ })
	wg.Wait()
	if a.count != 1 {
		t.Error("the task behind it did not run")
	}
}

func TestDoWaitsForItsTurnNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent()
		var wg sync.WaitGroup
		release := make(chan bool)
		a.start(&wg, func(context.Context) { <-release })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := a.Do(ctx, func() { t.Error("ran") })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do returned %v", err)
		}
		ran := false
		a.start(&wg, func(context.Context) { ran = true })
		close(release)
		wg.Wait()
		if !ran {
			t.Error("the place that was given up holds up the queue")
		}
	})
}

func TestMisuseIsReported(t *testing.T) {
	a, b := newAgent(), newAgent()
	if _, err := turn.Begin(a.ctx, nil); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("a context whose turn nobody holds: %v", err)
	}
	if err := turn.Await(a.ctx, func() {}); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("Await with it: %v", err)
	}
	if err := a.Do(b.ctx, func() {}); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("Do with the context of an agent: %v", err)
	}
}

func TestGivingATurnUpThatNobodyHoldsIsAPanic(t *testing.T) {
	a := newAgent()
	var kept turn.Wait
	if err := a.Do(t.Context(), func() { kept, _ = turn.Begin(a.ctx, nil) }); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, turn.ErrMisuse.Error()) {
			t.Errorf("got %q", text)
		}
	}()
	_ = kept.Block(a.ctx, "test")
}

func TestCheckFindsABareGoroutineThatWaits(t *testing.T) {
	a := newAgent()
	a.Check()
	var wg sync.WaitGroup
	a.start(&wg, func(ctx context.Context) {
		got := make(chan error)
		go func() {
			_, err := turn.Begin(ctx, nil)
			got <- err
		}()
		if err := <-got; !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("bare goroutine: %v", err)
		}
		for range 3 { // the task itself may wait, also after it has been resumed
			w, err := turn.Begin(ctx, nil)
			if err != nil {
				t.Error(err)
				return
			}
			go w.Wake(nil)
			_ = w.Block(ctx, "test")
			if err := turn.Await(ctx, runtime.Gosched); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func TestEventWakesAllWhoWait(t *testing.T) {
	var e turn.Event
	boom := errors.New("boom")
	a := newAgent()
	var wg sync.WaitGroup
	for range 10 {
		a.start(&wg, func(ctx context.Context) {
			if err := e.Wait(ctx, nil, "test"); err != boom {
				t.Errorf("got %v", err)
			}
			a.count++
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Wait(ctx, nil, "test"); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if !e.Set(boom) || e.Set(nil) {
		t.Error("it happens once")
	}
	wg.Wait()
	if err := e.Wait(t.Context(), turn.Free{}, "test"); err != boom {
		t.Errorf("afterwards: %v", err)
	}
}

// lateEnd is a context that ends just after it has been asked.
type lateEnd struct {
	context.Context
	end context.CancelCauseFunc
}

func (c *lateEnd) Err() error {
	err := c.Context.Err()
	c.end(errors.New("boom"))
	return err
}

func TestErrIsNilBeforeTheEndAlsoIfThatComesMeanwhile(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	late := &lateEnd{ctx, cancel}
	if err := turn.Err(late); err != nil {
		t.Errorf("before the end: %v", err)
	}
	if err := turn.Err(late); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "boom") {
		t.Errorf("after the end: %v", err)
	}
}

func TestErrKnowsTheCauseBehindAValue(t *testing.T) {
	ctx := new(holder)
	derived := context.WithValue(ctx, holder{}, true)
	ctx.Come(context.Canceled, errCause)
	if err := turn.Err(derived); !errors.Is(err, context.Canceled) || !errors.Is(err, errCause) {
		t.Errorf("the error is %v", err)
	}
}
