package turn_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// ending is the least that a context with an [turn.End] is.
type ending struct {
	turn.End
}

func (*ending) Deadline() (time.Time, bool) { return time.Time{}, false }

func (*ending) Value(any) any { return nil }

// over reports whether a channel has been closed.
func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

var (
	errEnd   = errors.New("the end")
	errCause = errors.New("the cause")
)

func TestAnEndEndsItsContext(t *testing.T) {
	for _, test := range []struct {
		name  string
		cause error
		want  string // of turn.Err
	}{
		{"without a cause", nil, "the end"},
		{"for a cause", errCause, "the end: the cause"},
		{"for a cause that is the error", errEnd, "the end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := new(ending)
			if ctx.Asked() || ctx.Err() != nil || ctx.Cause() != nil || turn.Err(ctx) != nil || ctx.Asked() {
				t.Error("it has ended, or was asked about, before")
			}
			early := ctx.Done()
			if over(early) || !ctx.Asked() {
				t.Error("it has ended, or was not asked about")
			}
			if !ctx.Come(errEnd, test.cause) || ctx.Come(errors.New("second"), nil) {
				t.Error("it comes once")
			}
			if ctx.Err() != errEnd || ctx.Cause() != test.cause || turn.Err(ctx).Error() != test.want {
				t.Errorf("got %v, %v, %v", ctx.Err(), ctx.Cause(), turn.Err(ctx))
			}
			if !over(early) || ctx.Done() != early {
				t.Error("Done has changed, or is open")
			}
		})
	}
}

func TestDoneAfterTheEndIsClosedAndStaysTheSame(t *testing.T) {
	ctx := new(ending)
	ctx.Come(errEnd, nil)
	if done := ctx.Done(); !over(done) || ctx.Done() != done {
		t.Error("Done has changed, or is open")
	}
}

// TestAnEndMayBeSharedByBubbles has two bubbles wait for the same end, which
// belongs to neither.
func TestAnEndMayBeSharedByBubbles(t *testing.T) {
	var before turn.End
	before.Come(errEnd, nil)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			ctx := new(ending)
			ctx.Preset(&before)
			<-ctx.Done()
		})
	}
}

func TestAnEndCanBePreset(t *testing.T) {
	var before turn.End
	before.Come(errEnd, errCause)
	var woken atomic.Int32
	for _, test := range []struct {
		name    string
		prepare func(ctx *ending)
		does    bool
		want    error
	}{
		{"if nobody has asked", func(*ending) {}, true, errEnd},
		{"if somebody has asked", func(ctx *ending) { ctx.Done() }, true, errEnd},
		{"if somebody waits", func(ctx *ending) { context.AfterFunc(ctx, func() { woken.Add(1) }) }, true, errEnd},
		{"not if it has come", func(ctx *ending) { ctx.Come(context.Canceled, nil) }, false, context.Canceled},
		{"not a second time", func(ctx *ending) { ctx.Preset(&before) }, false, errEnd},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := new(ending)
				test.prepare(ctx)
				if ctx.Preset(&before) != test.does {
					t.Errorf("Preset reports %v", !test.does)
				}
				if ctx.Err() != test.want || !over(ctx.Done()) || ctx.Attach(turn.Wait{}) {
					t.Errorf("error is %v", ctx.Err())
				}
			})
		})
	}
	if woken.Load() != 1 {
		t.Errorf("%d functions were called", woken.Load())
	}
}

func TestAnEndEndsTheWaitsMadeWithItsContext(t *testing.T) {
	for name, under := range map[string]turn.Turn{"under a turn": new(turn.Own), "without a turn": turn.Free{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := new(ending)
				var mu sync.Mutex
				var got []error
				wait := func() {
					under.Start(turn.Func(func() {
						w, err := under.Begin(ctx)
						if err == nil {
							err = w.Block(ctx, "test")
						}
						mu.Lock()
						defer mu.Unlock()
						got = append(got, err)
					}))
					synctest.Wait()
				}
				wait()
				wait()
				ctx.Come(errEnd, errCause)
				synctest.Wait()
				wait() // with a context that has ended
				if len(got) != 3 {
					t.Fatalf("%d waits are over", len(got))
				}
				for _, err := range got {
					if !errors.Is(err, errEnd) || !errors.Is(err, errCause) {
						t.Errorf("got %v", err)
					}
				}
			})
		})
	}
}

func TestWaitsAreWokenInTheOrderInWhichTheyWereMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, a := new(ending), new(turn.Own)
		var got []int
		for i := range 20 {
			a.Start(turn.Func(func() {
				w, err := a.Begin(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 { // these are over before
					w.Wake(nil)
				}
				_ = w.Block(ctx, "test")
				if i%3 != 0 {
					got = append(got, i)
				}
			}))
		}
		synctest.Wait()
		ctx.Come(errEnd, nil)
		synctest.Wait()
		if want := []int{1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19}; !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestContextsDerivedFromAnEndFollowItWithoutGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := stack.Count()
		ctx := new(ending)
		var stops []context.CancelFunc
		var derived []context.Context
		for range 10 {
			child, stop := context.WithCancel(ctx)
			grandchild, stop2 := context.WithTimeout(child, time.Hour)
			derived = append(derived, child, grandchild)
			stops = append(stops, stop, stop2)
		}
		if got := stack.Count(); got > before { // some of other tests may have ended
			t.Errorf("%d goroutines were started", got-before)
		}
		stops[0]()
		if derived[0].Err() == nil || derived[2].Err() != nil || ctx.Err() != nil {
			t.Error("one that is cancelled ends others")
		}
		ctx.Come(context.DeadlineExceeded, errCause)
		synctest.Wait()
		for i, c := range derived[2:] {
			if c.Err() != context.DeadlineExceeded || turn.Err(c) != context.DeadlineExceeded {
				t.Errorf("%d: %v", i, turn.Err(c))
			}
		}
		late, stop := context.WithCancel(ctx)
		defer stop()
		if late.Err() != context.DeadlineExceeded {
			t.Errorf("one that is derived later: %v", late.Err())
		}
		for _, stop := range stops {
			stop()
		}
	})
}

func TestAFunctionIsCalledOnceAfterTheEndUnlessItWasStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := new(ending)
		var called [3]atomic.Int32
		stop := ctx.AfterFunc(func() { called[0].Add(1) })
		stopped := ctx.AfterFunc(func() { called[1].Add(1) })
		if !stopped() || stopped() {
			t.Error("it is stopped once")
		}
		synctest.Wait()
		if called[0].Load() != 0 {
			t.Error("called before the end")
		}
		ctx.Come(errEnd, nil)
		ctx.Come(errEnd, nil)
		synctest.Wait()
		if stop() {
			t.Error("stopped after the end")
		}
		if ctx.AfterFunc(func() { called[2].Add(1) })() {
			t.Error("stopped after the end")
		}
		synctest.Wait()
		for i, want := range []int32{1, 0, 1} {
			if got := called[i].Load(); got != want {
				t.Errorf("function %d was called %d times, want %d", i, got, want)
			}
		}
	})
}

// TestAnEndRacesWithAllThatDependsOnIt has much happen at once: nothing may be
// told of the end twice, or never.
func TestAnEndRacesWithAllThatDependsOnIt(t *testing.T) {
	for range 200 {
		ctx := new(ending)
		var before turn.End
		before.Come(errEnd, nil)
		var running sync.WaitGroup
		var came, expected, called atomic.Int32
		end := func(fn func() bool) {
			running.Go(func() {
				if fn() {
					came.Add(1)
				}
			})
		}
		end(func() bool { return ctx.Come(errEnd, nil) })
		end(func() bool { return ctx.Preset(&before) })
		for range 4 {
			running.Go(func() {
				w, err := turn.Begin(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if err := w.Block(ctx, "test"); !errors.Is(err, errEnd) {
					t.Error(err)
				}
			})
			running.Go(func() {
				w, err := turn.Begin(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				running.Go(func() { w.Wake(nil) })
				if err := w.Block(ctx, "test"); err != nil && !errors.Is(err, errEnd) {
					t.Error(err)
				}
			})
			running.Go(func() { <-ctx.Done() })
			running.Go(func() {
				done := make(chan struct{})
				stop := ctx.AfterFunc(func() { called.Add(1); close(done) })
				if rand.IntN(2) == 0 && stop() {
					return
				}
				expected.Add(1)
				<-done
			})
			running.Go(func() {
				child, stop := context.WithCancel(ctx)
				defer stop()
				<-child.Done()
				if child.Err() != errEnd {
					t.Error(child.Err())
				}
			})
		}
		running.Wait()
		if came.Load() != 1 || called.Load() != expected.Load() {
			t.Fatalf("it came %d times; %d functions were called, want %d", came.Load(), called.Load(), expected.Load())
		}
	}
}

// counted counts how often a wait is woken.
type counted struct {
	woken []int
}

func (c *counted) Wake(n uint64, err error) bool {
	if err == nil {
		panic("woken without an error")
	}
	c.woken = append(c.woken, int(n))
	return true
}

func (*counted) Block(context.Context, uint64, any) error { return nil }

func (*counted) Drop(uint64) {}

// TestAnEndWakesThoseWhoAreAttachedInAnyOrderOfEvents compares an end with a
// list.
func TestAnEndWakesThoseWhoAreAttachedInAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, waiter := new(turn.End), new(counted)
		var attached, woken []int
		next, ended := 0, false
		t.Repeat(map[string]func(*rapid.T){
			"attach": func(t *rapid.T) {
				if e.Attach(turn.NewWait(waiter, uint64(next))) == ended {
					t.Fatal("attached after the end, or not before it")
				}
				if !ended {
					attached = append(attached, next)
				}
				next++
			},
			"detach": func(t *rapid.T) {
				n := rapid.IntRange(0, next).Draw(t, "n")
				e.Detach(turn.NewWait(waiter, uint64(n)))
				attached = slices.DeleteFunc(attached, func(other int) bool { return other == n })
			},
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "not yet") > 0 {
					t.Skip("not yet")
				}
				if e.Come(errEnd, nil) == ended {
					t.Fatal("it comes once")
				}
				if !ended {
					ended, woken, attached = true, attached, nil
				}
			},
			"": func(t *rapid.T) {
				if !slices.Equal(waiter.woken, woken) {
					t.Fatalf("woken %v, want %v", waiter.woken, woken)
				}
			},
		})
	})
}

func BenchmarkEnd(b *testing.B) {
	b.Run("wait and be woken", func(b *testing.B) {
		ctx := new(ending)
		b.ReportAllocs()
		for b.Loop() {
			w, _ := turn.Begin(ctx, nil)
			w.Wake(nil)
			_ = w.Block(ctx, nil)
		}
	})
}
