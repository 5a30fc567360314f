package world_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/world"
	"github.com/gomas/gomas/turn"
)

func TestAWaitThatIsOverIsNotTakenForAnotherOfItsTask(t *testing.T) {
	errW, errV := errors.New("of the first"), errors.New("of the second")
	for name, use := range map[string]func(ctx context.Context, w, v turn.Wait) (got, want []error){
		"the second blocks first": func(ctx context.Context, w, v turn.Wait) (got, want []error) {
			w.Wake(errW)
			v.Wake(errV)
			return []error{v.Block(ctx, "v"), w.Block(ctx, "w")}, []error{errV, errW}
		},
		"the first blocks first": func(ctx context.Context, w, v turn.Wait) (got, want []error) {
			v.Wake(errV)
			w.Wake(errW)
			return []error{w.Block(ctx, "w"), v.Block(ctx, "v")}, []error{errW, errV}
		},
		"the first is over while the second blocks": func(ctx context.Context, w, v turn.Wait) (got, want []error) {
			for d, wake := range []func(){func() { w.Wake(errW) }, func() { v.Wake(errV) }} {
				if _, err := clock.For(ctx).In(time.Duration(d+1), wake); err != nil {
					return []error{err}, nil
				}
			}
			return []error{v.Block(ctx, "v"), w.Block(ctx, "w")}, []error{errV, errW}
		},
		"the first is dropped while the second waits": func(ctx context.Context, w, v turn.Wait) (got, want []error) {
			w.Wake(errW)
			w.Drop()
			v.Wake(errV)
			return []error{v.Block(ctx, "v")}, []error{errV}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, world.Options{})
			if err := p.run(t, func(ctx context.Context) error {
				own, agent := p.agent()
				group := new(turn.Group)
				own.Join(group, "an agent")
				for _, ctx := range []context.Context{ctx, agent} {
					turn.From(ctx).Start(turn.Func(func() {
						w, err1 := turn.Begin(ctx, nil)
						w.Drop()
						w, err2 := turn.Begin(ctx, nil) // the same again, with another number
						v, err3 := turn.Begin(ctx, nil)
						if err := errors.Join(err1, err2, err3); err != nil {
							t.Error(err)
							return
						}
						if got, want := use(ctx, w, v); !slices.Equal(got, want) {
							t.Errorf("got %v, want %v", got, want)
						}
					}))
				}
				_ = clock.Sleep(ctx, p.Clock(), time.Second)
				return group.Wait(ctx)
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAReportNamesWhatATaskWaitsForThatHasAnotherWait(t *testing.T) {
	p := newPlace(t, world.Options{})
	err := p.run(t, func(ctx context.Context) error {
		if _, err := turn.Begin(ctx, nil); err != nil {
			return err
		}
		return new(turn.Event).Wait(ctx, nil, "Godot")
	})
	deadlock, ok := errors.AsType[*world.DeadlockError](err)
	if !ok || !slices.Equal(deadlock.Tasks, []string{"main waits for Godot"}) {
		t.Error(err)
	}
}

func TestTheEndOfANodeReachesAGuestThatHasAnotherWait(t *testing.T) {
	p := newPlace(t, world.Options{})
	q := join(p.World())
	crash := errors.New("crash")
	if err := p.run(t, func(ctx context.Context) error {
		if _, err := p.Clock().In(1, func() { q.End(crash) }); err != nil {
			return err
		}
		if _, err := turn.Begin(ctx, nil); err != nil {
			return err
		}
		own, guest := q.agent()
		var slept error
		err := own.Do(ctx, func() { slept = clock.Sleep(guest, q.Clock(), time.Hour) })
		if slept != crash || p.Clock().Now() != 1 {
			t.Errorf("at %v: %v", p.Clock().Now(), slept)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestATaskThatEndsItsNodeEndsInAWaitThatItBeganBefore(t *testing.T) {
	p := newPlace(t, world.Options{})
	q := join(p.World())
	deferred := false
	if err := p.run(t, func(ctx context.Context) error {
		_, agent := q.agent()
		start(agent, func() {
			defer func() { deferred = true }()
			w, err := turn.Begin(agent, nil)
			q.End(errors.New("crash"))
			t.Errorf("it went on: %v, %v", err, w.Block(agent, "nothing"))
		})
		return clock.Sleep(ctx, p.Clock(), 1)
	}); err != nil || !deferred {
		t.Errorf("deferred %v, %v", deferred, err)
	}
}

func TestAGroupRestsWhenItsWorldIsClosedThoughATaskHadAnotherWait(t *testing.T) {
	p := newPlace(t, world.Options{})
	own, agent := p.agent()
	group := new(turn.Group)
	own.Join(group, "an agent")
	if err := p.run(t, func(ctx context.Context) error {
		var w turn.Wait
		var v turn.Event
		start(agent, func() {
			w, _ = turn.Begin(agent, nil)
			_ = v.Wait(agent, nil, "nothing")
		})
		err := clock.Sleep(ctx, p.Clock(), 1)
		w.Wake(nil) // the world does not get round to this,
		v.Set(nil)  // or to that
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.World().Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := group.Wait(ctx); err != nil {
		t.Error(err)
	}
}

// waiting is a task that does as it is told with any number of waits.
type waiting struct {
	t     *rapid.T
	place *place
	agent context.Context
	busy  *bool // somebody has the turn of the agent
	waits []*aWait
}

// aWait is a wait that has begun.
type aWait struct {
	turn.Wait
	ctx   context.Context
	err   error // that it will be over with
	woken bool
}

// wake ends the wait of k, which is not over unless its node is.
func (k *waiting) wake(a *aWait) {
	if !a.Wake(a.err) && !k.place.Ended() {
		k.t.Error("a wait was over before")
	}
	if a.Wake(nil) {
		k.t.Error("a wait was over, and was woken again")
	}
	a.woken = true
}

// step is what a task does next.
type step struct {
	What  string
	Which int           // of its waits
	After time.Duration // until a wait is over; 0: it is at once
	Fails bool
	Free  bool // the turn is kept
}

var steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
	return step{
		What:  rapid.SampledFrom([]string{"begin", "begin", "wake", "block", "block", "drop", "yield", "sleep"}).Draw(t, "what"),
		Which: rapid.IntRange(0, 3).Draw(t, "which"),
		After: time.Duration(rapid.IntRange(0, 5).Draw(t, "after")),
		Fails: rapid.Bool().Draw(t, "fails"),
		Free:  rapid.Bool().Draw(t, "free"),
	}
}), 0, 12)

// do takes a step.
func (k *waiting) do(s step) {
	if s.What == "begin" {
		k.begin(s)
		return
	}
	if len(k.waits) == 0 && s.What != "yield" && s.What != "sleep" {
		return
	}
	var w *aWait
	i := 0
	if len(k.waits) > 0 {
		i = s.Which % len(k.waits)
		w = k.waits[i]
	}
	switch s.What {
	case "yield":
		k.leave(k.agent, func() { _ = turn.Yield(k.agent) })
	case "sleep":
		k.leave(k.agent, func() { _ = clock.Sleep(k.agent, k.place.Clock(), 1+s.After) })
	case "wake":
		if !w.woken {
			k.wake(w)
		}
	case "drop":
		k.waits = slices.Delete(k.waits, i, i+1)
		w.woken = true // so that its timer does nothing
		k.leave(w.ctx, w.Drop)
	case "block":
		k.waits = slices.Delete(k.waits, i, i+1)
		k.leave(w.ctx, func() {
			if err := w.Block(w.ctx, "a step"); err != w.err || !w.woken {
				k.t.Errorf("a wait returned %v, woken %v with %v", err, w.woken, w.err)
			}
		})
	}
}

// begin begins a wait that is over at once, or after a while.
func (k *waiting) begin(s step) {
	a := &aWait{ctx: k.agent}
	if s.Free {
		a.ctx = turn.With(context.Background(), k.place.Free())
	}
	if s.Fails {
		a.err = fmt.Errorf("error %d", len(k.waits))
	}
	var err error
	if a.Wait, err = turn.Begin(a.ctx, nil); err != nil {
		k.t.Error(err)
		return
	}
	k.waits = append(k.waits, a)
	if s.After == 0 {
		k.wake(a)
		return
	}
	if _, err := k.place.Clock().In(s.After, func() {
		if !a.woken {
			k.wake(a)
		}
	}); err != nil {
		k.t.Error(err)
	}
}

// leave calls fn, which may give up the turn that ctx names.
func (k *waiting) leave(ctx context.Context, fn func()) {
	if ctx != k.agent {
		fn()
		return
	}
	*k.busy = false
	fn()
	if *k.busy {
		k.t.Error("two have a turn at once")
	}
	*k.busy = true
}

func TestAnyNumberOfWaitsOfATaskEndInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world.New(world.Options{Seed: rapid.Uint64Range(0, 3).Draw(rt, "seed")})
		defer w.Close() //nolint:errcheck // nothing has stalled
		p, q := join(w), join(w)
		group := new(turn.Group)
		tasks := rapid.SliceOfN(steps, 1, 5).Draw(rt, "tasks")
		ends := rapid.IntRange(0, 20).Draw(rt, "end of the node")
		leaves := rapid.IntRange(0, 1).Draw(rt, "how tasks end") == 1
		done := 0
		err := w.Run(t.Context(), &p.Node, "main", func(ctx context.Context) error {
			var agents [2]context.Context
			var busy [2]bool
			for i := range agents {
				var own *turn.Own
				own, agents[i] = q.agent()
				own.Join(group, i)
			}
			for i, steps := range tasks {
				k := &waiting{t: rt, place: q, agent: agents[i%2], busy: &busy[i%2]}
				start(k.agent, func() {
					if *k.busy {
						rt.Error("two have a turn at once")
					}
					*k.busy = true
					defer func() { *k.busy = false }()
					for _, s := range steps {
						k.do(s)
					}
					done++
					if leaves && len(k.waits) > 0 {
						return // and they come later
					}
					for len(k.waits) > 0 {
						k.do(step{What: "block"})
					}
				})
			}
			if ends < 10 {
				_ = clock.Sleep(ctx, p.Clock(), time.Duration(1+ends))
				q.End(errors.New("crash"))
				done = len(tasks)
			}
			_ = clock.Sleep(ctx, p.Clock(), time.Hour)
			return group.Wait(ctx)
		})
		if err != nil || done != len(tasks) {
			rt.Errorf("%d of %d tasks ended: %v", done, len(tasks), err)
		}
	})
}
