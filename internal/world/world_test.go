package world_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/world"
	"github.com/gomas/gomas/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is the least that a node can be.
type place struct{ world.Node }

// newPlace returns a node of a world of its own.
func newPlace(t *testing.T, o world.Options) *place {
	t.Helper()
	w := world.New(o)
	t.Cleanup(func() { _ = w.Close() })
	return join(w)
}

func join(w *world.World) *place {
	p := new(place)
	p.Init(w, "place", 1, p)
	return p
}

func (p *place) run(t *testing.T, fn func(ctx context.Context) error) error {
	return p.World().Run(t.Context(), &p.Node, "main", fn)
}

// agent returns a context with a turn of its own.
func (p *place) agent() (*turn.Own, context.Context) {
	s := turn.Scheduler(p)
	own := new(turn.Own)
	own.UseScheduler(&s)
	return own, turn.With(context.Background(), own)
}

func start(ctx context.Context, fn func()) { turn.From(ctx).Start(turn.Func(fn)) }

func TestTasksRunInTheOrderOfTheirStartAndTimeStandsStill(t *testing.T) {
	p := newPlace(t, world.Options{})
	var order []int
	err := p.run(t, func(ctx context.Context) error {
		for i := range 5 {
			start(ctx, func() {
				order = append(order, i)
				_ = turn.Yield(ctx)
				order = append(order, i+10)
			})
		}
		if err := clock.Sleep(ctx, p.Clock(), time.Hour); err != nil {
			return err
		}
		if now := p.Clock().Now(); now != time.Hour {
			t.Errorf("it is %v", now)
		}
		return nil
	})
	want := []int{0, 1, 2, 3, 4, 10, 11, 12, 13, 14}
	if err != nil || !slices.Equal(order, want) {
		t.Errorf("%v, %v", order, err)
	}
}

func TestASeedIsAnOrderAndTheSameSeedTheSameOrder(t *testing.T) {
	run := func(seed uint64) string {
		p := newPlace(t, world.Options{Seed: seed})
		var order []string
		if err := p.run(t, func(ctx context.Context) error {
			for i := range 6 {
				start(ctx, func() {
					for j := range 3 {
						order = append(order, fmt.Sprint(i, j))
						if err := clock.Sleep(ctx, p.Clock(), time.Duration(j)*time.Second); err != nil {
							t.Error(err)
						}
					}
				})
			}
			return clock.Sleep(ctx, p.Clock(), time.Minute)
		}); err != nil {
			t.Fatal(err)
		}
		return strings.Join(order, ",")
	}
	seen := make(map[string]bool)
	for seed := uint64(1); seed <= 20; seed++ {
		first := run(seed)
		for range 3 {
			if again := run(seed); again != first {
				t.Fatalf("seed %d: %s, then %s", seed, first, again)
			}
		}
		seen[first] = true
	}
	if len(seen) < 19 {
		t.Errorf("20 seeds gave %d orders", len(seen))
	}
}

func TestAnAgentKeepsItsTurnBetweenWaits(t *testing.T) {
	for seed := range uint64(50) {
		p := newPlace(t, world.Options{Seed: seed})
		if err := p.run(t, func(ctx context.Context) error {
			_, ctx1 := p.agent()
			busy, done := false, 0
			for range 10 {
				start(ctx1, func() {
					for range 5 {
						if busy {
							t.Error("two at once")
						}
						busy = true
						busy = false
						_ = turn.Yield(ctx1)
					}
					done++
				})
			}
			for done < 10 {
				if err := clock.Sleep(ctx, p.Clock(), 1); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatCannotGoOnIsReportedAtOnceWithWhatItWaitsFor(t *testing.T) {
	p := newPlace(t, world.Options{})
	err := p.run(t, func(ctx context.Context) error {
		start(ctx, func() { _ = new(turn.Event).Wait(ctx, nil, "Godot") })
		return new(turn.Event).Wait(ctx, nil, "the end of days")
	})
	var deadlock *world.DeadlockError
	if !errors.As(err, &deadlock) {
		t.Fatal(err)
	}
	want := []string{"main waits for the end of days", "task 2 waits for Godot"}
	if !slices.Equal(deadlock.Tasks, want) {
		t.Errorf("%q", deadlock.Tasks)
	}
}

// With a fake clock, a busy machine makes no task late: time goes on when all are
// blocked.
func TestATaskThatBlocksOutsideIsReportedWithItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, world.Options{Stall: 20 * time.Millisecond})
		release, ended := make(chan struct{}), make(chan struct{})
		err := p.run(t, func(context.Context) error {
			defer close(ended)
			blockHere(release)
			return nil
		})
		var stall *world.StallError
		if !errors.As(err, &stall) || !strings.Contains(stall.Stack, "blockHere") || stall.Task != "main" {
			t.Error(err)
		}
		close(release)
		<-ended
	})
}

//go:noinline
func blockHere(c chan struct{}) { <-c }

func TestPanicsEndTheWorldAndSayWhere(t *testing.T) {
	p := newPlace(t, world.Options{})
	cause := errors.New("oops")
	err := p.run(t, func(ctx context.Context) error {
		start(ctx, func() { panicHere(cause) })
		return clock.Sleep(ctx, p.Clock(), 1)
	})
	var panicked *world.PanicError
	if !errors.As(err, &panicked) || !errors.Is(err, cause) || !strings.Contains(panicked.Stack, "panicHere") {
		t.Error(err)
	}
}

//go:noinline
func panicHere(err error) { panic(err) }

func TestATaskThatEndsItsGoroutineEndsThatOfRun(t *testing.T) {
	for name, waits := range map[string]bool{"at once": false, "after a wait": true} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, world.Options{})
			returned, cleaned := false, false
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = p.run(t, func(ctx context.Context) error {
					start(ctx, func() {
						if waits {
							_ = clock.Sleep(ctx, p.Clock(), 1)
						}
						runtime.Goexit() // as FailNow does
					})
					defer func() { cleaned = true }()
					return new(turn.Event).Wait(ctx, nil, "nothing")
				})
				returned = true
			}()
			<-ended
			_ = p.World().Close()
			if returned || !cleaned {
				t.Errorf("returned %v, cleaned %v", returned, cleaned)
			}
		})
	}
}

func TestTheEndOfANodeEndsItsTasksWhereTheyWait(t *testing.T) {
	p := newPlace(t, world.Options{})
	q := join(p.World())
	crash := errors.New("crash")
	var log []string
	err := p.run(t, func(ctx context.Context) error {
		_, other := q.agent()
		start(other, func() {
			defer func() {
				log = append(log, "deferred")
				if err := clock.Sleep(other, q.Clock(), 1); !errors.Is(err, crash) {
					t.Errorf("a wait after the end: %v", err)
				}
			}()
			log = append(log, "begun")
			_ = clock.Sleep(other, q.Clock(), time.Hour)
			log = append(log, "went on")
		})
		if err := clock.Sleep(ctx, p.Clock(), 1); err != nil {
			return err
		}
		start(other, func() { log = append(log, "not begun") })
		q.End(crash)
		start(other, func() { log = append(log, "after the end") })
		return clock.Sleep(ctx, p.Clock(), 2*time.Hour)
	})
	if err != nil || !slices.Equal(log, []string{"begun", "deferred"}) {
		t.Errorf("%q, %v", log, err)
	}
}

func TestContextsOfPackageContextEndWaitsInTheSameOrderEveryTime(t *testing.T) {
	run := func() string {
		p := newPlace(t, world.Options{Seed: 3})
		var log []string
		if err := p.run(t, func(ctx context.Context) error {
			parent, cancel := context.WithCancel(ctx)
			for i := range 20 {
				child, cancelChild := context.WithCancel(context.WithValue(parent, &log, i))
				defer cancelChild()
				start(ctx, func() {
					err := clock.Sleep(child, p.Clock(), time.Hour)
					log = append(log, fmt.Sprint(i, err))
				})
			}
			_ = clock.Sleep(ctx, p.Clock(), 1)
			cancel()
			return clock.Sleep(ctx, p.Clock(), 1)
		}); err != nil {
			t.Fatal(err)
		}
		if len(log) != 20 {
			t.Fatalf("%q", log)
		}
		return strings.Join(log, ",")
	}
	first := run()
	for range 20 {
		if again := run(); again != first {
			t.Fatalf("%s, then %s", first, again)
		}
	}
}

func TestDeadlinesOfRealTimeAreRefusedOnVirtualTime(t *testing.T) {
	p := newPlace(t, world.Options{})
	err := p.run(t, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return clock.Sleep(ctx, p.Clock(), 1)
	})
	if !errors.Is(err, world.ErrWallTime) {
		t.Error(err)
	}
	if err := newPlace(t, world.Options{}).run(t, func(ctx context.Context) error {
		ctx, cancel := clock.WithTimeout(ctx, clock.For(ctx), time.Minute)
		defer cancel()
		if err := clock.Sleep(ctx, clock.For(ctx), time.Hour); err != context.DeadlineExceeded {
			t.Error(err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestWaitsFromOutsideAndWithTheContextOfOthersAreRefused(t *testing.T) {
	p := newPlace(t, world.Options{Check: true})
	var kept context.Context
	err := p.run(t, func(ctx context.Context) error {
		kept = ctx
		_, other := p.agent()
		start(other, func() {
			_, third := p.agent()
			if err := clock.Sleep(third, p.Clock(), 1); !errors.Is(err, turn.ErrMisuse) || errors.Is(err, world.ErrOutside) {
				t.Errorf("with the context of another agent: %v", err)
			}
		})
		if err := clock.Sleep(ctx, p.Clock(), 1); err != nil {
			return err
		}
		bare := make(chan error)
		go func() { bare <- clock.Sleep(ctx, p.Clock(), 1) }()
		if err := <-bare; !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("from a bare goroutine: %v", err)
		}
		return clock.Sleep(ctx, p.Clock(), 1)
	})
	if !errors.Is(err, turn.ErrMisuse) || !strings.Contains(err.Error(), "main runs, and a goroutine of the user's waits") {
		t.Error(err)
	}
	if err := clock.Sleep(kept, p.Clock(), 1); !errors.Is(err, world.ErrOutside) {
		t.Errorf("after Run: %v", err)
	}
}

func TestOthersGoOnWhileATaskDoesItsOwnWorkOnRealTime(t *testing.T) {
	p := newPlace(t, world.Options{Real: true})
	if err := p.run(t, func(ctx context.Context) error {
		release := make(chan struct{})
		start(ctx, func() {
			_ = clock.Sleep(ctx, p.Clock(), time.Millisecond)
			close(release)
		})
		return turn.Await(ctx, func() { <-release })
	}); err != nil {
		t.Error(err)
	}
}

func TestRunsAtTheSameTimeAreInTheSameWorld(t *testing.T) {
	p := newPlace(t, world.Options{Real: true})
	var met turn.Event
	ready := make(chan error, 2)
	busy := 0
	for range 2 {
		go func() {
			ready <- p.run(t, func(ctx context.Context) error {
				for range 100 {
					if busy++; busy != 1 {
						t.Error("two at once")
					}
					busy--
					if err := turn.Yield(ctx); err != nil {
						return err
					}
				}
				return met.Wait(ctx, nil, "the third")
			})
		}()
	}
	if err := p.run(t, func(ctx context.Context) error {
		_ = clock.Sleep(ctx, p.Clock(), 5*time.Millisecond)
		met.Set(nil)
		return nil
	}); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ready; err != nil {
			t.Error(err)
		}
	}
}

func TestTheEndOfTheContextOfRunEndsThatInside(t *testing.T) {
	p := newPlace(t, world.Options{Real: true})
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	err := p.World().Run(ctx, &p.Node, "main", func(ctx context.Context) error {
		cancel(cause)
		return clock.Sleep(ctx, p.Clock(), time.Hour)
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestAGroupComesToRestInAWorld(t *testing.T) {
	p := newPlace(t, world.Options{Seed: 7})
	group := new(turn.Group)
	if err := p.run(t, func(ctx context.Context) error {
		done := 0
		own, agent := p.agent()
		own.Join(group, "an agent")
		for range 5 {
			start(agent, func() {
				for range 5 {
					_ = turn.Yield(agent)
				}
				done++
			})
		}
		if err := group.Wait(ctx); err != nil {
			return err
		}
		if done != 5 {
			t.Errorf("at rest after %d", done)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestATaskThatWaitsWithoutItsContextKeepsItsTurn(t *testing.T) {
	for seed := range uint64(20) {
		p := newPlace(t, world.Options{Seed: seed})
		var log []string
		if err := p.run(t, func(ctx context.Context) error {
			_, agent := p.agent()
			start(agent, func() {
				log = append(log, "first begins")
				if err := clock.Sleep(ctx, p.Clock(), time.Second); err != nil { // with the context of main
					t.Error(err)
				}
				log = append(log, "first goes on")
				_ = clock.Sleep(agent, p.Clock(), time.Second)
				log = append(log, "first ends")
			})
			for range 2 {
				start(agent, func() { log = append(log, "another") })
			}
			return clock.Sleep(ctx, p.Clock(), time.Minute)
		}); err != nil {
			t.Fatal(err)
		}
		want := []string{"first begins", "first goes on", "another", "another", "first ends"}
		if !slices.Equal(log, want) {
			t.Fatalf("seed %d: %q", seed, log)
		}
	}
}

// silent is an event of which nobody hears.
type silent struct{}

func (silent) Happen() {}

func TestWhatComesWhileTheWorldIsClosedIsDropped(t *testing.T) {
	for range 20 {
		p := newPlace(t, world.Options{})
		half, all := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(all)
			for i := range 2000 {
				if i == 1000 {
					close(half)
				}
				p.World().Push(silent{})
			}
		}()
		<-half
		if err := p.World().Close(); err != nil {
			t.Error(err)
		}
		<-all
	}
}
