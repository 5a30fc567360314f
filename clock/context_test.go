package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// timeouts are the ways to make a context that ends at 3s; it is 1s.
var timeouts = map[string]func(context.Context, clock.Clock) (context.Context, context.CancelFunc){
	"after a time": func(ctx context.Context, c clock.Clock) (context.Context, context.CancelFunc) {
		return clock.WithTimeout(ctx, c, 2*time.Second)
	},
	"at a time": func(ctx context.Context, c clock.Clock) (context.Context, context.CancelFunc) {
		return clock.WithDeadline(ctx, c, c.Now()+2*time.Second)
	},
}

func TestAContextEndsWhenItsClockSaysSo(t *testing.T) {
	for name, with := range timeouts {
		t.Run(name, func(t *testing.T) {
			c := clock.NewExternal(start.Add(-time.Second), time.Second)
			ctx, cancel := with(t.Context(), c)
			defer cancel()
			child, cancelChild := context.WithCancel(ctx)
			defer cancelChild()
			if err := c.Set(3*time.Second - 1); err != nil || ctx.Err() != nil || child.Err() != nil {
				t.Errorf("too early: %v, %v, %v", err, ctx.Err(), child.Err())
			}
			if err := c.Set(3 * time.Second); err != nil {
				t.Fatal(err)
			}
			<-ctx.Done()
			if err := ctx.Err(); err != context.DeadlineExceeded {
				t.Errorf("Err is %v", err)
			}
			if cancel(); ctx.Err() != context.DeadlineExceeded {
				t.Errorf("after cancel it is %v", ctx.Err())
			}
			<-child.Done()
			for name, ctx := range map[string]context.Context{"context": ctx, "child": child} {
				if err := context.Cause(ctx); err != context.DeadlineExceeded {
					t.Errorf("cause of the %s: %v", name, err)
				}
				if err := turn.Err(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("waits with the %s end with %v", name, err)
				}
			}
		})
	}
}

func TestAContextThatIsLateAlreadyHasEnded(t *testing.T) {
	for _, c := range []clock.Clock{clock.Real{}, clock.NewExternal(start.Add(-time.Second), time.Second)} {
		for name, with := range map[string]func() (context.Context, context.CancelFunc){
			"no time":       func() (context.Context, context.CancelFunc) { return clock.WithTimeout(t.Context(), c, 0) },
			"negative time": func() (context.Context, context.CancelFunc) { return clock.WithTimeout(t.Context(), c, -1) },
			"now":           func() (context.Context, context.CancelFunc) { return clock.WithDeadline(t.Context(), c, c.Now()) },
			"the past":      func() (context.Context, context.CancelFunc) { return clock.WithDeadline(t.Context(), c, -1) },
		} {
			ctx, cancel := with()
			if ctx.Err() != context.DeadlineExceeded {
				t.Errorf("%T, %s: %v", c, name, ctx.Err())
			}
			cancel()
		}
	}
}

func TestCancellingFreesTheTimer(t *testing.T) {
	c := &counting{Clock: clock.NewExternal(start, 0), made: func() {}}
	ctx, cancel := clock.WithTimeout(t.Context(), c, 1)
	cancel()
	if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled || !c.last.stopped {
		t.Errorf("%v, cause %v, timer stopped: %v", ctx.Err(), context.Cause(ctx), c.last.stopped)
	}
}

func TestAContextEndsWithItsParent(t *testing.T) {
	cause := errors.New("the cause")
	parent, end := context.WithCancelCause(t.Context())
	ctx, cancel := clock.WithTimeout(parent, clock.NewExternal(start, 0), 1)
	defer cancel()
	end(cause)
	if ctx.Err() != context.Canceled || context.Cause(ctx) != cause {
		t.Errorf("%v, cause %v", ctx.Err(), context.Cause(ctx))
	}
}

func TestOnlyRealClocksGiveAContextADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		external := clock.NewExternal(start.Add(-time.Second), time.Second)
		wall := time.Now().Add(2 * time.Second)
		for name, with := range timeouts {
			ctx, cancel := with(t.Context(), clock.Real{})
			if d, ok := ctx.Deadline(); !ok || !d.Equal(wall) {
				t.Errorf("%s, real: %v, %v", name, d, ok)
			}
			<-ctx.Done()
			if got := time.Since(wall); got != 0 {
				t.Errorf("%s: %v late", name, got)
			}
			wall = wall.Add(2 * time.Second)
			cancel()
			ctx, cancel = with(t.Context(), external)
			if d, ok := ctx.Deadline(); ok {
				t.Errorf("%s, external: %v", name, d)
			}
			cancel()
		}
		parent, cancelParent := context.WithDeadline(t.Context(), wall)
		defer cancelParent()
		ctx, cancel := clock.WithTimeout(parent, external, time.Second)
		defer cancel()
		if d, ok := ctx.Deadline(); !ok || !d.Equal(wall) {
			t.Errorf("the parent's: %v, %v", d, ok)
		}
	})
}

func TestAContextKeepsTheTurnAndSleepsEndWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t.Context())
		c := clock.NewExternal(start, 0)
		a.start(func(ctx context.Context) {
			ctx, cancel := clock.WithTimeout(ctx, c, 1)
			defer cancel()
			child := context.WithValue(ctx, &t, 1)
			if turn.From(ctx) != turn.Turn(&a.Own) || turn.From(child) != turn.Turn(&a.Own) {
				t.Error("another turn")
			}
			if err := clock.Sleep(child, c, 2); err != context.DeadlineExceeded {
				t.Errorf("the sleep ended with %v", err)
			}
			a.log = append(a.log, "awake")
		})
		synctest.Wait()
		set(t, c, 1)
		if len(a.log) != 1 {
			t.Error("still asleep")
		}
	})
}

func TestContextsNeedNoGoroutine(t *testing.T) {
	a := newAgent(t.Context())
	c := clock.NewExternal(start, 0)
	before := stack.Count()
	for range 100 {
		ctx, cancel := clock.WithTimeout(a.ctx, c, 1)
		defer cancel()
		_, cancelChild := context.WithCancel(ctx)
		defer cancelChild()
		_, cancelGrandchild := clock.WithTimeout(ctx, clock.Real{}, time.Hour)
		defer cancelGrandchild()
	}
	if n := stack.Count(); n >= before+100 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}
