package turn_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/turn"
)

const limit = 10 * time.Second

// watched returns a group, and what tells which turns of it have been reported.
func watched(limit time.Duration) (g *turn.Group, stuck func() []turn.Holding) {
	g = new(turn.Group)
	var mu sync.Mutex
	var all []turn.Holding
	g.Watch(limit, func(h turn.Holding) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, h)
	})
	return g, func() []turn.Holding {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// blockForever is found on the stacks of tasks that are stuck.
//
//go:noinline
func blockForever(end chan bool) { <-end }

func TestATurnThatIsStuckIsReportedOnce(t *testing.T) {
	for name, hold := range map[string]func(a *agent, end chan bool){
		"by a task": func(a *agent, end chan bool) {
			a.Start(turn.Func(func() { blockForever(end) }))
		},
		"by code outside": func(a *agent, end chan bool) {
			go func() { _ = a.Do(context.Background(), func() { blockForever(end) }) }()
		},
		"by a task that has waited": func(a *agent, end chan bool) {
			a.Start(turn.Func(func() {
				_ = turn.Sleep(a.ctx, nil, 0)
				blockForever(end)
			}))
		},
		"by a task that was woken out of the queue": func(a *agent, end chan bool) {
			a.Start(turn.Func(func() {
				a.Start(turn.Func(func() { _ = turn.Yield(a.ctx) }))
				_ = turn.Yield(a.ctx)
				_ = turn.Yield(a.ctx)
				blockForever(end)
			}))
		},
		"by a task that has done the user's work": func(a *agent, end chan bool) {
			a.Start(turn.Func(func() {
				_ = turn.Await(a.ctx, func() { a.Start(turn.Func(func() {})) })
				blockForever(end)
			}))
		},
	} {
		for _, checked := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g, stuck := watched(limit)
					a := newMember(g, "Smith")
					if checked {
						a.Check()
					}
					end := make(chan bool)
					began := time.Now()
					hold(a, end)
					synctest.Wait()
					for range 3 {
						a.Start(turn.Func(func() {}))
					}
					time.Sleep(limit - 1)
					if len(stuck()) != 0 {
						t.Errorf("reported too early: %v", stuck())
					}
					time.Sleep(limit / 8)
					synctest.Wait()
					if len(stuck()) != 1 {
						t.Fatalf("reported %v", stuck())
					}
					h := stuck()[0]
					if h.Name != "Smith" || !h.Since.Equal(began) || h.Waiting != 3 ||
						!strings.HasPrefix(h.Stack, "goroutine ") || strings.Count(h.Stack, "goroutine ") > 2 || !strings.Contains(h.Stack, "blockForever") {
						t.Errorf("reported %+v", h)
					}
					time.Sleep(10 * limit)
					if close(end); len(stuck()) != 1 {
						t.Errorf("reported again: %v", stuck()[1:])
					}
				})
			})
		}
	}
}

func TestATurnThatIsStuckAgainIsReportedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stuck := watched(limit)
		a := newMember(g, "Smith")
		a.Start(turn.Func(func() {
			time.Sleep(2 * limit)
			_ = turn.Yield(a.ctx)
			time.Sleep(2 * limit)
		}))
		synctest.Wait()
		time.Sleep(5 * limit)
		if len(stuck()) != 2 || stuck()[1].Since.Sub(stuck()[0].Since) != 2*limit {
			t.Errorf("reported %v", stuck())
		}
	})
}

func TestATurnThatIsUsedWithWaitsIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stuck := watched(limit)
		a := newMember(g, "Smith")
		var wg sync.WaitGroup
		for name, wait := range map[string]func(ctx context.Context) error{
			"sleep": func(ctx context.Context) error { return turn.Sleep(ctx, nil, 3*limit) },
			"await": func(ctx context.Context) error { return turn.Await(ctx, func() { time.Sleep(3 * limit) }) },
			"yield": func(ctx context.Context) error { time.Sleep(limit / 4); return turn.Yield(ctx) },
		} {
			a.start(&wg, func(ctx context.Context) {
				for range 20 {
					if err := wait(ctx); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
		if wg.Wait(); len(stuck()) != 0 {
			t.Errorf("reported %v", stuck())
		}
	})
}

func TestAllTurnsThatAreStuckAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stuck := watched(limit)
		end := make(chan bool)
		var want []int
		for i := range 50 {
			newMember(g, i).Start(turn.Func(func() { blockForever(end) }))
			newMember(g, -i).Start(turn.Func(func() { time.Sleep(limit / 2) }))
			want = append(want, i)
			time.Sleep(limit / 20)
		}
		time.Sleep(2 * limit)
		var got []int
		for _, h := range stuck() {
			got = append(got, h.Name.(int))
		}
		if close(end); !slices.Equal(got, want) { // and in the order of their times
			t.Errorf("reported %v", got)
		}
	})
}

func TestTheStackOfATaskThatNeverEndsIsFound(t *testing.T) {
	g := new(turn.Group)
	var got atomic.Pointer[turn.Holding]
	g.Watch(time.Millisecond, func(h turn.Holding) { got.Store(&h) })
	a := newMember(g, "Smith")
	var wg sync.WaitGroup
	a.start(&wg, func(ctx context.Context) {
		for range 100 { // it may have been found before it span
			spin(func() bool { return got.Load() != nil })
			if strings.Contains(got.Swap(nil).Stack, "turn_test.spin") {
				return
			}
			_ = turn.Yield(ctx)
		}
		t.Error("never found")
	})
	wg.Wait()
}

//go:noinline
func spin(until func() bool) {
	for !until() {
	}
}

func TestHoldingsAreTheTurnsThatAreHeldRightNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := watched(limit)
		a, b := newMember(g, "a"), newMember(g, "b")
		end := make(chan bool)
		b.Start(turn.Func(func() {}))
		time.Sleep(time.Second)
		a.Start(turn.Func(func() { <-end }))
		a.Start(turn.Func(func() {}))
		synctest.Wait()
		time.Sleep(time.Second)
		all := g.Holdings()
		if len(all) != 1 || all[0].Name != "a" || time.Since(all[0].Since) != time.Second || all[0].Waiting != 1 {
			t.Errorf("got %+v", all)
		}
		close(end)
		synctest.Wait()
		if all := g.Holdings(); len(all) != 0 {
			t.Errorf("afterwards %+v", all)
		}
		if all := new(turn.Group).Holdings(); all != nil {
			t.Errorf("without Watch %+v", all)
		}
	})
}

// The list of turns that are looked at changes while they are taken and given
// up; none may get lost.
func TestNoTurnIsForgottenWhileOthersAreUsed(t *testing.T) {
	const agents = 20
	var stuckSince [agents]atomic.Pointer[time.Time]
	var reported sync.WaitGroup // for each agent, that it is stuck
	reported.Add(agents)
	g := new(turn.Group)
	g.Watch(time.Microsecond, func(h turn.Holding) {
		since := stuckSince[h.Name.(int)].Load()
		if since != nil && !h.Since.Before(*since) { // not one of those before
			reported.Done()
		}
	})
	var wg sync.WaitGroup
	end := make(chan bool)
	for i := range agents {
		a := newMember(g, i)
		wg.Go(func() {
			for range 200 {
				_ = a.Do(context.Background(), func() {})
				_ = g.Holdings()
				runtime.Gosched()
			}
			now := time.Now()
			stuckSince[i].Store(&now)
			_ = a.Do(context.Background(), func() { blockForever(end) })
		})
	}
	reported.Wait()
	close(end)
	wg.Wait()
}
