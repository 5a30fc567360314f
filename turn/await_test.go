package turn_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/gomas/gomas/turn"
)

func TestAwaitTakesTheTurnBackHoweverTheWorkEnds(t *testing.T) {
	for name, work := range map[string]func(){
		"return": func() {},
		"panic":  func() { panic("in the user's work") },
		"exit":   runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			g := new(turn.Group)
			a := newMember(g, "a")
			a.Check()
			var wg sync.WaitGroup
			other := make(chan bool)
			a.start(&wg, func(ctx context.Context) {
				defer func() {
					_ = recover()
					a.count++ // the race detector watches it
					if err := turn.Yield(ctx); err != nil {
						t.Errorf("the turn is not back: %v", err)
					}
				}()
				_ = turn.Await(ctx, func() {
					<-other // the other task runs meanwhile
					work()
				})
			})
			a.start(&wg, func(context.Context) { a.count++; close(other) })
			wg.Wait()
			if err := g.Wait(t.Context()); err != nil || a.count != 2 {
				t.Errorf("count %d, %v", a.count, err)
			}
		})
	}
}

func TestAwaitRunsTheWorkAlsoIfTheContextHasEnded(t *testing.T) {
	a := newAgent()
	ctx, cancel := context.WithCancel(a.ctx)
	cancel()
	var wg sync.WaitGroup
	ran := false
	a.start(&wg, func(context.Context) {
		if err := turn.Await(ctx, func() { ran = true }); err != nil || !ran {
			t.Errorf("ran %v, %v", ran, err)
		}
	})
	wg.Wait()
}

func TestTheWorkInsideAwaitHasNoTurn(t *testing.T) {
	a := newAgent()
	var wg sync.WaitGroup
	a.start(&wg, func(ctx context.Context) {
		_ = turn.Await(ctx, func() {
			if err := turn.Yield(ctx); err == nil {
				t.Error("it yields")
			}
			if err := turn.Await(ctx, func() {}); err == nil {
				t.Error("it awaits")
			}
			if err := a.Do(context.Background(), func() { a.count++ }); err != nil {
				t.Errorf("it may take the turn as others do: %v", err)
			}
		})
		a.count++
	})
	wg.Wait()
}
