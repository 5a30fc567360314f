package turn_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// visit is a task that notes its end.
type visit struct {
	run      func()
	finished bool
}

func (v *visit) Run()    { v.run() }
func (v *visit) Finish() { v.finished = true }

// as runs fn as a task of a, and returns when the turn has been passed on, also if
// fn ends its goroutine.
func (a *agent) as(fn func()) {
	done := make(chan struct{})
	a.Start(&turn.Item{Task: &task{run: fn, finish: func() { close(done) }}})
	<-done
}

func TestAVisitRunsOnTheGoroutineOfItsCallerUnderTheOtherTurn(t *testing.T) {
	a, b := newAgent(), newAgent()
	a.Check()
	b.Check()
	a.as(func() {
		caller, visited := stack.Goroutine(), uint64(0)
		v := &visit{run: func() {
			visited = stack.Goroutine()
			if err := a.Do(context.Background(), func() {}); err != nil { // it is free
				t.Error(err)
			}
			for range 3 {
				if err := turn.Sleep(b.ctx, nil, time.Microsecond); err != nil {
					t.Error(err)
				}
			}
		}}
		if !turn.Visit(&a.Own, &b.Own, v) || visited != caller || !v.finished {
			t.Errorf("goroutine %d was visited by %d, finished: %t", visited, caller, v.finished)
		}
		if err := turn.Sleep(a.ctx, nil, time.Microsecond); err != nil {
			t.Error("afterwards:", err)
		}
	})
}

func TestThereIsNoVisitToATurnThatIsNotFree(t *testing.T) {
	a, b := newAgent(), newAgent()
	refused := func(why string, from, to turn.Turn) {
		if turn.Visit(from, to, &visit{run: func() { t.Error("it ran") }}) {
			t.Error(why)
		}
	}
	a.as(func() {
		b.as(func() { refused("held", &a.Own, &b.Own) })
		refused("its own", &a.Own, &a.Own)
		refused("no turn to visit", &a.Own, turn.Free{})
	})
	refused("nobody has the turn to be given up", &a.Own, &b.Own)
	refused("no turn to be given up", turn.Free{}, &b.Own)
	refused("none at all", nil, &b.Own)
}

func TestVisitsInsideEachOtherAreBounded(t *testing.T) {
	const most = 32
	agents := make([]*agent, most+2)
	for i := range agents {
		agents[i] = newAgent()
	}
	depth := 0
	var deeper func(from int)
	deeper = func(from int) {
		// Waits and the user's own work do not make one forget.
		if err := errors.Join(turn.Yield(agents[from].ctx), turn.Await(agents[from].ctx, func() {})); err != nil {
			t.Error(err)
		}
		if turn.Visit(&agents[from].Own, &agents[from+1].Own, &visit{run: func() { deeper(from + 1) }}) {
			depth++
		}
	}
	for range 2 { // the second time, nothing is left of the first
		depth = 0
		agents[0].as(func() { deeper(0) })
		if depth != most {
			t.Errorf("%d visits inside each other", depth)
		}
	}
}

func TestAVisitThatEndsItsGoroutineOrPanicsLeavesTheTurnsInOrder(t *testing.T) {
	for name, end := range map[string]func(){
		"ends its goroutine": runtime.Goexit,
		"panics":             func() { panic("leak") },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newAgent(), newAgent()
			a.Check()
			v := &visit{run: end}
			a.as(func() {
				defer func() {
					_ = recover()
					// Deferred code of the caller has its turn.
					if err := turn.Sleep(a.ctx, nil, time.Microsecond); err != nil || !v.finished {
						t.Errorf("finished %t, error %v", v.finished, err)
					}
				}()
				turn.Visit(&a.Own, &b.Own, v)
				t.Error("it went on")
			})
			for _, x := range []*agent{a, b} {
				if err := x.Do(t.Context(), func() {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAfterAVisitTheCallerQueuesForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAgent(), newAgent()
		var order []string
		note := func(what string) *turn.Item { return turn.Func(func() { order = append(order, what) }) }
		a.as(func() {
			turn.Visit(&a.Own, &b.Own, &visit{run: func() {
				a.Start(note("came during the visit"))
				a.Start(turn.Func(func() { time.Sleep(time.Second) })) // not a wait
				a.Start(note("came last"))
			}})
			order = append(order, "caller")
			a.Start(note("came afterwards"))
		})
		synctest.Wait()
		want := []string{"came during the visit", "came last", "caller", "came afterwards"}
		if !slices.Equal(order, want) {
			t.Errorf("order %q", order)
		}
	})
}

func TestAGroupIsNotAtRestDuringAVisit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(turn.Group)
		a, b := newMember(g, "a"), newMember(g, "b")
		over := false
		a.Start(turn.Func(func() {
			turn.Visit(&a.Own, &b.Own, &visit{run: func() { time.Sleep(time.Second) }})
			time.Sleep(time.Second)
			over = true
		}))
		if err := g.Wait(t.Context()); err != nil || !over {
			t.Errorf("at rest too early, error %v", err)
		}
	})
}

func TestATurnThatIsStuckInAVisitIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stuck := watched(limit)
		a, b := newMember(g, "caller"), newMember(g, "visited")
		end := make(chan bool)
		a.Start(turn.Func(func() {
			turn.Visit(&a.Own, &b.Own, &visit{run: func() { blockForever(end) }})
		}))
		time.Sleep(2 * limit)
		if all := stuck(); len(all) != 1 || all[0].Name != "visited" || all[0].Stack == "" {
			t.Errorf("reported %v", all)
		}
		end <- true
		synctest.Wait()
		if left := g.Holdings(); len(left) != 0 {
			t.Errorf("held: %v", left)
		}
	})
}
