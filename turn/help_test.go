package turn_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// help has fn run under the turn of b for a task of a, on a helper or else, as the
// first time, on a goroutine of its own.
func (a *agent) help(ctx context.Context, b *agent, fn func()) error {
	v := &visit{run: fn}
	if can, err := turn.Help(ctx, time.Time{}, &a.Own, &b.Own, v); can {
		if err == nil && !v.finished {
			return errors.New("it returned too early")
		}
		return err
	}
	over, err := turn.Begin(ctx, nil) // and not an Event, which does not wait once it is set
	if err != nil {
		return err
	}
	b.Start(&turn.Item{Task: &task{run: fn, finish: func() { over.Wake(nil) }}})
	return over.Block(ctx, "help")
}

// ending returns contexts of a that can end, in the forms that differ.
func (a *agent) ending(t *testing.T) map[string]func() context.Context {
	cancelled, cancel := context.WithCancel(a.ctx)
	t.Cleanup(cancel)
	return map[string]func() context.Context{
		"one context":         func() context.Context { return cancelled },
		"one that has no end": func() context.Context { return a.ctx },
		"a new one each time": func() context.Context {
			ctx, cancel := context.WithTimeout(a.ctx, time.Hour)
			t.Cleanup(cancel)
			return ctx
		},
	}
}

func TestAHelperRunsTasksOfOtherTurnsOneAfterAnother(t *testing.T) {
	for _, name := range []string{"one context", "one that has no end", "a new one each time"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, c := newAgent(), newAgent(), newAgent()
				for _, x := range []*agent{a, b, c} {
					x.Check()
				}
				next := a.ending(t)[name]
				var goroutines []uint64
				a.as(func() {
					for i := range 20 {
						callee := []*agent{b, c}[i%2]
						if err := a.help(next(), callee, func() {
							goroutines = append(goroutines, stack.Goroutine())
							if err := a.Do(context.Background(), func() {}); err != nil { // it is free
								t.Error(err)
							}
							if err := turn.Sleep(callee.ctx, nil, time.Microsecond); err != nil {
								t.Error(err)
							}
						}); err != nil {
							t.Error(err)
						}
					}
					if slices.Contains(goroutines, stack.Goroutine()) {
						t.Error("the caller's goroutine was used")
					}
				})
				if len(goroutines) != 20 || len(slices.Compact(goroutines)) != 2 {
					t.Errorf("goroutines %v", goroutines)
				}
			})
		})
	}
}

func TestNobodyHelpsWhereNobodyVisits(t *testing.T) {
	a, b := newAgent(), newAgent()
	refused := func(why string, from, to turn.Turn) {
		t.Helper()
		for range 3 {
			if can, err := turn.Help(a.ctx, time.Time{}, from, to, &visit{run: func() { t.Error("it ran") }}); can || err != nil {
				t.Error(why, err)
			}
		}
	}
	a.as(func() {
		b.as(func() { refused("held", &a.Own, &b.Own) })
		refused("its own", &a.Own, &a.Own)
		refused("no turn to run under", &a.Own, turn.Free{})
	})
	refused("nobody has the turn to be given up", &a.Own, &b.Own)
	refused("no turn to be given up", turn.Free{}, &b.Own)
	refused("none at all", nil, &b.Own)
}

func TestACallerThatIsHelpedReturnsWhenItsContextEndsAndTheTaskGoesOn(t *testing.T) {
	for name, uses := range map[string]int{"a context of this call only": 1, "one of calls before": 4} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, c := newAgent(), newAgent(), newAgent()
				ended := false
				a.as(func() {
					_ = a.help(a.ctx, c, func() {}) // from now on it has a helper
					ctx, cancel := context.WithTimeout(a.ctx, time.Second)
					defer cancel()
					for range uses - 1 {
						if err := a.help(ctx, c, func() {}); err != nil {
							t.Error(err)
						}
					}
					start := time.Now()
					err := a.help(ctx, b, func() {
						time.Sleep(time.Minute) // not a wait
						ended = true
					})
					if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
						t.Errorf("after %v: %v", took, err)
					}
					if err := a.help(ctx, c, func() {}); !errors.Is(err, context.DeadlineExceeded) {
						t.Error("a context that has ended:", err)
					}
					for range 3 { // others help now
						if err := a.help(a.ctx, c, func() {}); err != nil {
							t.Error(err)
						}
					}
				})
				if err := b.Do(t.Context(), func() {
					if !ended {
						t.Error("the turn was free while the task had it")
					}
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestACallWithAContextThatEndedBetweenCallsDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAgent(), newAgent()
		a.as(func() {
			ctx, cancel := context.WithCancel(a.ctx)
			for range 4 {
				if err := a.help(ctx, b, func() {}); err != nil {
					t.Error(err)
				}
			}
			cancel()
			synctest.Wait()
			start := time.Now()
			err := a.help(ctx, b, func() { time.Sleep(time.Minute) })
			if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 0 {
				t.Errorf("after %v: %v", took, err)
			}
		})
		if err := b.Do(t.Context(), func() {}); err != nil { // behind what goes on
			t.Error(err)
		}
	})
}

func TestTheEndOfAContextEndsNoCallWithAnotherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAgent(), newAgent()
		a.as(func() {
			old, cancel := context.WithCancel(a.ctx)
			defer cancel()
			for range 4 {
				if err := a.help(old, b, func() {}); err != nil {
					t.Error(err)
				}
			}
			for _, ctx := range []context.Context{context.WithoutCancel(old), context.WithValue(a.ctx, t, 1)} {
				if err := a.help(ctx, b, func() {
					cancel()
					synctest.Wait()
				}); err != nil {
					t.Error(err)
				}
			}
		})
	})
}

func TestATaskThatEndsTheGoroutineOfItsHelperDoesNotEndItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAgent(), newAgent()
		ctx, cancel := context.WithCancel(a.ctx)
		defer cancel()
		went := 0
		a.as(func() {
			for range 10 {
				if err := a.help(ctx, b, runtime.Goexit); err != nil {
					t.Error(err)
				}
				if err := a.help(ctx, b, func() { went++ }); err != nil {
					t.Error(err)
				}
			}
		})
		if went != 10 {
			t.Errorf("%d of 10 went on", went)
		}
	})
}

// Inside the bubble, a helper that is left would be a deadlock.
func TestAHelperEndsWithTheTaskOrWhenThatWaitsForSomethingElse(t *testing.T) {
	for name, test := range map[string]struct {
		between    func(a *agent)
		goroutines int
	}{
		"no wait":          {func(*agent) {}, 2},
		"a sleep":          {func(a *agent) { _ = turn.Sleep(a.ctx, nil, time.Second) }, 4},
		"work of the user": {func(a *agent) { _ = turn.Await(a.ctx, func() {}) }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newAgent(), newAgent()
				all := make(map[uint64]bool)
				calls := func() {
					for range 2 {
						if err := a.help(a.ctx, b, func() { all[stack.Goroutine()] = true }); err != nil {
							t.Error(err)
						}
						test.between(a)
						if err := a.help(a.ctx, b, func() { all[stack.Goroutine()] = true }); err != nil {
							t.Error(err)
						}
					}
				}
				a.as(calls)
				if len(all) != test.goroutines {
					t.Errorf("%d goroutines", len(all))
				}
				if err := a.Do(t.Context(), calls); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestHelpersOfHelpersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const depth = 100
		agents := make([]*agent, depth+1)
		for i := range agents {
			agents[i] = newAgent()
		}
		var deeper func(i int)
		deeper = func(i int) {
			if i == depth {
				return
			}
			for range 2 {
				if err := agents[i].help(agents[i].ctx, agents[i+1], func() {}); err != nil {
					t.Error(err)
				}
			}
			if err := agents[i].help(agents[i].ctx, agents[i+1], func() { deeper(i + 1) }); err != nil {
				t.Error(err)
			}
		}
		agents[0].as(func() {
			deeper(0)
			runtime.Gosched()
			if n := stack.Count(); n > 50 {
				t.Errorf("%d goroutines are left", n)
			}
		})
	})
}

func TestAGroupIsNotAtRestWhileSomebodyHelps(t *testing.T) {
	for name, patience := range map[string]time.Duration{"and is waited for": time.Hour, "and has been given up": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := new(turn.Group)
				a, b := newMember(g, "a"), newMember(g, "b")
				over := 0
				a.Start(turn.Func(func() {
					for range 3 {
						ctx, cancel := context.WithTimeout(a.ctx, patience)
						_ = a.help(ctx, b, func() { time.Sleep(time.Second); over++ })
						cancel()
					}
				}))
				if err := g.Wait(t.Context()); err != nil || over != 3 {
					t.Errorf("at rest after %d of 3, error %v", over, err)
				}
			})
		})
	}
}

func TestATurnThatIsStuckUnderAHelperIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stuck := watched(limit)
		a, b := newMember(g, "caller"), newMember(g, "helped")
		end := make(chan bool)
		a.Start(turn.Func(func() {
			_ = a.help(a.ctx, b, func() {})
			_ = a.help(a.ctx, b, func() { blockForever(end) })
		}))
		time.Sleep(2 * limit)
		if all := stuck(); len(all) != 1 || all[0].Name != "helped" || all[0].Stack == "" {
			t.Errorf("reported %v", all)
		}
		end <- true
		synctest.Wait()
		if left := g.Holdings(); len(left) != 0 {
			t.Errorf("held: %v", left)
		}
	})
}

func TestAfterHelpTheCallerHasItsTurnInTheOrderOfReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAgent(), newAgent()
		var order []string
		note := func(what string) *turn.Item { return turn.Func(func() { order = append(order, what) }) }
		a.as(func() {
			_ = a.help(a.ctx, b, func() {})
			_ = a.help(a.ctx, b, func() {
				a.Start(turn.Func(func() { time.Sleep(time.Second) })) // not a wait
				a.Start(note("came during the call"))
			})
			order = append(order, "caller")
			a.Start(note("came afterwards"))
		})
		synctest.Wait()
		if want := []string{"came during the call", "caller", "came afterwards"}; !slices.Equal(order, want) {
			t.Errorf("order %q", order)
		}
	})
}

// Whatever is given up when, everything runs once and nothing at the same time.
func TestManyCallersAndHelpersNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agents := make([]*agent, 6)
		for i := range agents {
			agents[i] = newAgent()
		}
		var ran, asked atomic.Int64
		var wg sync.WaitGroup
		for i, a := range agents {
			for range 3 {
				a.start(&wg, func(ctx context.Context) {
					random := rand.New(rand.NewPCG(uint64(i), 1))
					for range 50 {
						bounded, cancel := context.WithCancel(ctx)
						for range 1 + random.IntN(6) {
							b := agents[(i+1+random.IntN(len(agents)-1))%len(agents)]
							ends, late := random.IntN(4) == 0, random.IntN(2) == 0
							asked.Add(1)
							err := a.help(bounded, b, func() {
								b.count++
								ran.Add(1)
								if ends {
									go cancel()
								}
								if late {
									runtime.Gosched()
								}
							})
							a.count++
							if err != nil && !errors.Is(err, context.Canceled) {
								t.Error(err)
							}
							if err != nil {
								break
							}
						}
						cancel()
					}
				})
			}
		}
		wg.Wait()
		for _, a := range agents { // behind what goes on
			if err := a.Do(t.Context(), func() {}); err != nil {
				t.Error(err)
			}
		}
		if ran.Load() != asked.Load() {
			t.Errorf("%d of %d ran", ran.Load(), asked.Load())
		}
	})
}

func TestACallerThatIsHelpedReturnsAtItsDateAndTheTaskGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := newAgent(), newAgent(), newAgent()
		ended := 0
		a.as(func() {
			within := func(d time.Duration, host *agent, fn func()) error {
				_, err := turn.Help(a.ctx, time.Now().Add(d), &a.Own, &host.Own, &visit{run: fn})
				return err
			}
			_ = a.help(a.ctx, c, func() {}) // from now on it has a helper
			for _, limits := range [][]time.Duration{{time.Second}, {time.Hour, time.Second}, {time.Second, time.Second}} {
				_ = a.help(a.ctx, c, func() {})
				last := len(limits) - 1
				for _, d := range limits[:last] {
					if err := within(d, c, func() { time.Sleep(d / 2) }); err != nil {
						t.Errorf("after half of %v: %v", d, err)
					}
				}
				start := time.Now()
				err := within(limits[last], b, func() {
					time.Sleep(time.Minute) // not a wait
					ended++
				})
				if took := time.Since(start); !errors.Is(err, turn.ErrLate) || took != limits[last] {
					t.Errorf("%v: after %v: %v", limits, took, err)
				}
				if err := a.help(a.ctx, b, func() {}); err != nil { // in the queue
					t.Error(err)
				}
			}
			if err := within(time.Second, c, func() {}); err != nil {
				t.Error(err)
			}
			_ = a.help(a.ctx, c, func() { time.Sleep(time.Hour) }) // bounded by nothing
		})
		if ended != 3 {
			t.Errorf("%d of 3 went on", ended)
		}
	})
}

func TestAGroupIsNotAtRestWhenAContextThatIsUsedAgainHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(turn.Group)
		a, b := newMember(g, "a"), newMember(g, "b")
		ctx, cancel := context.WithCancel(a.ctx)
		defer cancel()
		var err error
		over := make(chan bool)
		a.Start(turn.Func(func() {
			for range 3 {
				if err := a.help(ctx, b, func() {}); err != nil {
					t.Error(err)
				}
			}
			err = a.help(ctx, b, func() {
				_ = turn.Await(b.ctx, func() { g.Add(-1); <-over; g.Add(1) }) // not counted
			})
		}))
		synctest.Wait()
		if err := g.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		if rest := g.Wait(t.Context()); rest != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("at rest (%v) when the call has ended with %v", rest, err)
		}
		close(over)
	})
}
