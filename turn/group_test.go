package turn_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/turn"
)

// newMember returns an agent of a group.
func newMember(g *turn.Group, name any) *agent {
	a := newAgent()
	a.Join(g, name)
	return a
}

func TestAGroupInWhichNothingHasRunIsAtRest(t *testing.T) {
	g := new(turn.Group)
	newMember(g, "idle")
	for range 2 {
		if err := g.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// ender is a context that ends the waits made with it itself.
type ender struct {
	context.Context
	turn.End
}

func (c *ender) Done() <-chan struct{} { return c.End.Done() }
func (c *ender) Err() error            { return c.End.Err() }
func (c *ender) Turn() turn.Turn       { return turn.From(c.Context) }

// hops are the ways in which one task makes another one run. Each starts a task
// of the agent that is to take part, which says when it waits or is ready to be
// started, and returns what makes it go on and call next.
var hops = map[string]func(t rapid.TB, a *agent, ready *sync.WaitGroup, next func()) (signal func()){
	"start": func(_ rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() { a.Start(turn.Func(next)) }
	},
	"start that goes on after the turn was passed on": func(_ rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() { a.Start(&turn.Item{Task: &task{func() {}, next}}) }
	},
	"the same, in a turn that is passed to another": func(_ rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() {
			a.Start(&turn.Item{Task: &task{
				func() { a.Start(turn.Func(func() {})) },
				func() { runtime.Gosched(); next() },
			}})
		}
	},
	"wake": func(t rapid.TB, a *agent, ready *sync.WaitGroup, next func()) func() {
		return waiting(t, a, ready, a.ctx, next)
	},
	"wake of a context that can end": func(t rapid.TB, a *agent, ready *sync.WaitGroup, next func()) func() {
		ctx, cancel := context.WithCancel(a.ctx)
		wake := waiting(t, a, ready, ctx, next)
		return func() { wake(); cancel() }
	},
	"end of a context": func(t rapid.TB, a *agent, ready *sync.WaitGroup, next func()) func() {
		ctx, cancel := context.WithCancel(a.ctx)
		waiting(t, a, ready, ctx, next)
		return cancel
	},
	"end of a context that wakes by itself": func(t rapid.TB, a *agent, ready *sync.WaitGroup, next func()) func() {
		ctx := &ender{Context: a.ctx}
		waiting(t, a, ready, ctx, next)
		return func() { ctx.Come(context.Canceled, nil) }
	},
	"wait with a context that has ended": func(_ rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		ctx, cancel := context.WithCancel(a.ctx)
		cancel()
		return func() { a.Start(turn.Func(func() { block(ctx); next() })) }
	},
	"wait with an ended context that wakes by itself": func(_ rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		ctx := &ender{Context: a.ctx}
		ctx.Come(context.Canceled, nil)
		return func() { a.Start(turn.Func(func() { block(ctx); next() })) }
	},
	"await": func(t rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() {
			a.Start(turn.Func(func() {
				if err := turn.Await(a.ctx, func() { runtime.Gosched(); next() }); err != nil {
					t.Error(err)
				}
			}))
		}
	},
	"after await": func(t rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() {
			a.Start(turn.Func(func() {
				if err := turn.Await(a.ctx, runtime.Gosched); err != nil {
					t.Error(err)
				}
				next()
			}))
		}
	},
	"yield": func(t rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() {
			a.Start(turn.Func(func() {
				a.Start(turn.Func(func() {}))
				if err := turn.Yield(a.ctx); err != nil {
					t.Error(err)
				}
				next()
			}))
		}
	},
	"a wait that is dropped": func(t rapid.TB, a *agent, _ *sync.WaitGroup, next func()) func() {
		return func() {
			a.Start(turn.Func(func() {
				w, err := turn.Begin(a.ctx, nil)
				if err != nil {
					t.Error(err)
				}
				w.Wake(nil)
				w.Drop()
				next()
			}))
		}
	},
}

// waiting starts a task that waits with ctx, and returns what wakes it.
func waiting(t rapid.TB, a *agent, ready *sync.WaitGroup, ctx context.Context, next func()) (wake func()) {
	var w turn.Wait
	ready.Add(1)
	a.Start(turn.Func(func() {
		var err error
		if w, err = turn.Begin(ctx, nil); err != nil {
			t.Error(err)
		}
		ready.Done()
		_ = w.Block(ctx, "test") // the context may end it
		next()
	}))
	return func() { w.Wake(nil) }
}

// block waits for the end of ctx.
func block(ctx context.Context) {
	if w, err := turn.Begin(ctx, nil); err == nil {
		_ = w.Block(ctx, "test")
	}
}

func TestRestIsNotReportedWhileSomethingThatWasWokenHasNotRun(t *testing.T) {
	var kinds []string
	for kind := range hops {
		kinds = append(kinds, kind)
	}
	chain := func(t rapid.TB, kinds []string) {
		g := new(turn.Group)
		var arrived atomic.Bool
		var ready sync.WaitGroup
		next := func() { arrived.Store(true) }
		for i, kind := range kinds {
			next = hops[kind](t, newMember(g, i), &ready, next)
		}
		ready.Wait()
		if err := g.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		next()
		if err := g.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !arrived.Load() {
			t.Fatalf("at rest before the end of %q", kinds)
		}
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { chain(t, []string{kind, kind, kind}) })
		})
	}
	t.Run("a long chain of contexts", func(t *testing.T) {
		for range 20 {
			chain(t, slices.Repeat([]string{"end of a context"}, 1000))
		}
	})
	t.Run("all kinds mixed", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			chain(t, rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 30).Draw(t, "kinds"))
		})
	})
}

func TestAGroupIsNotAtRestWhileSomebodyHasATurnOrSomethingIsAdded(t *testing.T) {
	for name, disturb := range map[string]func(g *turn.Group) (end func()){
		"a task": func(g *turn.Group) func() {
			end := make(chan bool)
			newMember(g, "a").Start(turn.Func(func() { <-end }))
			return func() { close(end) }
		},
		"code outside that has the turn": func(g *turn.Group) func() {
			end := make(chan bool)
			a := newMember(g, "a")
			go func() { _ = a.Do(context.Background(), func() { <-end }) }()
			return func() { close(end) }
		},
		"the user's work without the turn": func(g *turn.Group) func() {
			end := make(chan bool)
			a := newMember(g, "a")
			a.Start(turn.Func(func() { _ = turn.Await(a.ctx, func() { <-end }) }))
			return func() { close(end) }
		},
		"what was added": func(g *turn.Group) func() {
			g.Add(3)
			g.Add(-1)
			g.Add(0)
			return func() { g.Add(-2) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := new(turn.Group)
				end := disturb(g)
				synctest.Wait()
				var waiting sync.WaitGroup
				var rest atomic.Bool
				for range 3 {
					waiting.Go(func() {
						if err := g.Wait(t.Context()); err != nil {
							t.Error(err)
						}
						rest.Store(true)
					})
					synctest.Wait()
				}
				if rest.Load() {
					t.Error("too early")
				}
				end()
				waiting.Wait()
			})
		})
	}
}

func TestWaitingForRestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(turn.Group)
		g.Add(1)
		var patient sync.WaitGroup
		patient.Go(func() {
			if err := g.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		g.Add(-1)
		patient.Wait()
	})
}

func TestATaskOfTheGroupMayWaitForTheRestOfTheOthers(t *testing.T) {
	g := new(turn.Group)
	a, b := newMember(g, "a"), newMember(g, "b")
	var wg sync.WaitGroup
	steps := 0
	a.start(&wg, func(ctx context.Context) {
		for range 100 {
			before := steps
			b.start(&wg, func(ctx context.Context) {
				_ = turn.Await(ctx, runtime.Gosched)
				steps++
			})
			if err := g.Wait(ctx); err != nil || steps != before+1 {
				t.Errorf("after %d: %d, %v", before, steps, err)
			}
		}
	})
	wg.Wait()
}

func TestWaitingForRestWithTheContextOfAnotherIsMisuse(t *testing.T) {
	g := new(turn.Group)
	if err := g.Wait(newMember(g, "a").ctx); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("got %v", err)
	}
}

func TestTakingOffMoreThanWasAddedIsAPanic(t *testing.T) {
	g := new(turn.Group)
	g.Add(2)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	g.Add(-3)
}

func TestManyTurnsComeToRestTogether(t *testing.T) {
	g := new(turn.Group)
	agents := make([]*agent, 20)
	for i := range agents {
		agents[i] = newMember(g, i)
	}
	var visits atomic.Int64
	var visit func(n, left int)
	visit = func(n, left int) {
		agents[n%len(agents)].Start(turn.Func(func() {
			if visits.Add(1); left > 0 {
				visit(n+1, left-1)
				visit(n+7, left-1)
			}
		}))
	}
	for round := range 20 {
		visits.Store(0)
		visit(round, 9)
		if err := g.Wait(t.Context()); err != nil || visits.Load() != 1<<10-1 {
			t.Fatalf("at rest after %d of %d visits: %v", visits.Load(), 1<<10-1, err)
		}
	}
}

// ExampleGroup shows a step of a simulation: everything that it sets off, however
// many turns that takes, is over when the next one begins.
func ExampleGroup() {
	var all turn.Group
	var first, second turn.Own
	first.Join(&all, "first")
	second.Join(&all, "second")

	for step := range 2 {
		first.Start(turn.Func(func() {
			fmt.Println("first, step", step)
			second.Start(turn.Func(func() { fmt.Println("second, step", step) }))
		}))
		if err := all.Wait(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// first, step 0
	// second, step 0
	// first, step 1
	// second, step 1
}

// The caller's turn is free again or not when the task of another one ends, and that
// may be of the same group.
func TestGroupsComeToRestAfterTasksThatRunForTasksOfOtherTurns(t *testing.T) {
	g := new(turn.Group)
	for name, groups := range map[string][2]*turn.Group{
		"one group":          {g, g},
		"two groups":         {new(turn.Group), new(turn.Group)},
		"none of the caller": {nil, new(turn.Group)},
		"none of the other":  {new(turn.Group), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newAgent(), newAgent()
				for i, x := range []*agent{a, b} {
					if groups[i] != nil {
						x.Join(groups[i], i)
					}
				}
				rests := func() {
					t.Helper()
					for _, x := range []*agent{a, b} { // behind what goes on
						if err := x.Do(t.Context(), func() {}); err != nil {
							t.Error(err)
						}
					}
					for _, g := range groups {
						if g != nil {
							if err := g.Wait(t.Context()); err != nil {
								t.Error(err)
							}
						}
					}
				}
				for _, busy := range []bool{false, true} {
					run := &visit{run: func() {
						if busy {
							a.Start(turn.Func(func() { time.Sleep(time.Second) })) // not a wait
							synctest.Wait()
						}
					}}
					a.as(func() {
						if !turn.Visit(&a.Own, &b.Own, run) {
							t.Error("no visit")
						}
						for range 3 {
							if err := a.help(a.ctx, b, run.run); err != nil {
								t.Error(err)
							}
						}
						soon, cancel := context.WithTimeout(a.ctx, time.Millisecond)
						defer cancel()
						if err := a.help(soon, b, func() { time.Sleep(time.Second) }); !errors.Is(err, context.DeadlineExceeded) {
							t.Error("given up:", err)
						}
					})
					rests()
				}
			})
		})
	}
}
