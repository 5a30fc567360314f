package turn_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gomas/gomas/turn"
)

func TestATaskMayBeginAWaitWhileItHasAnother(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	for _, test := range []struct {
		name string
		wake func(w, v turn.Wait) // before the task blocks in v
		late func(w turn.Wait)    // while it does
		drop bool                 // w
	}{
		{"and both are woken before it blocks", func(w, v turn.Wait) { w.Wake(first); v.Wake(second) }, nil, false},
		{"and the second is woken first", func(w, v turn.Wait) { v.Wake(second); w.Wake(first) }, nil, false},
		{"and the first is woken while it blocks in the second", func(turn.Wait, turn.Wait) {}, func(w turn.Wait) { w.Wake(first) }, false},
		{"and drops the first, which was woken", func(w, v turn.Wait) { w.Wake(first); v.Wake(second) }, nil, true},
		{"and drops the first, which was not", func(_, v turn.Wait) { v.Wake(second) }, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var own turn.Own
			var group turn.Group
			own.Join(&group, "it")
			ctx := turn.With(context.Background(), &own)
			over := make(chan error, 1)
			waits := make(chan [2]turn.Wait, 1)
			own.Start(turn.Func(func() {
				w, err1 := turn.Begin(ctx, nil)
				v, err2 := turn.Begin(ctx, nil)
				if err := errors.Join(err1, err2); err != nil {
					t.Error(err)
				}
				test.wake(w, v)
				waits <- [2]turn.Wait{w, v}
				if err := v.Block(ctx, "the second"); err != second {
					t.Errorf("the second ends with %v", err)
				}
				if test.drop {
					w.Drop()
				} else if err := w.Block(ctx, "the first"); err != first {
					t.Errorf("the first ends with %v", err)
				}
				over <- nil
			}))
			both := <-waits
			if test.late != nil {
				if err := own.Do(context.Background(), func() {}); err != nil { // it blocks
					t.Error(err)
				}
				test.late(both[0])
				if err := own.Do(context.Background(), func() {}); err != nil {
					t.Error(err)
				}
				both[1].Wake(second)
			}
			<-over
			if err := group.Wait(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWaitsOfOneTaskEndEachByItselfInAnyOrder(t *testing.T) {
	var own turn.Own
	var group turn.Group
	own.Join(&group, "it")
	ctx := turn.With(context.Background(), &own)
	running := 0 // guarded by the turn
	var tasks, wakers sync.WaitGroup
	for n := range 20 {
		pick := rand.New(rand.NewPCG(1, uint64(n)))
		tasks.Add(1)
		own.Start(turn.Func(func() {
			defer tasks.Done()
			for range 100 {
				running++
				if running != 1 {
					t.Errorf("%d tasks have the turn", running)
				}
				waits := make([]turn.Wait, 1+pick.IntN(4))
				for i := range waits {
					var err error
					if waits[i], err = turn.Begin(ctx, nil); err != nil {
						t.Error(err)
						return
					}
				}
				for _, i := range pick.Perm(len(waits)) {
					wake := func() { waits[i].Wake(errors.New(fmt.Sprint(i))) }
					if pick.IntN(2) == 0 {
						wake()
					} else {
						wakers.Go(wake)
					}
				}
				running--
				for _, i := range pick.Perm(len(waits)) {
					if pick.IntN(4) == 0 {
						waits[i].Drop()
					} else if err := waits[i].Block(ctx, "a waker"); err == nil || err.Error() != fmt.Sprint(i) {
						t.Errorf("wait %d ends with %v", i, err)
					}
				}
			}
		}))
	}
	tasks.Wait()
	wakers.Wait()
	if err := group.Wait(context.Background()); err != nil {
		t.Error(err)
	}
}
