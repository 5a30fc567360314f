package turn_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gomas/gomas/turn"
)

// errand is work that lasts until it is stopped.
type errand struct {
	running, stop chan struct{}
}

func newErrand() errand { return errand{make(chan struct{}), make(chan struct{})} }

func (e errand) Run(ctx context.Context) {
	close(e.running)
	select {
	case <-e.stop:
	case <-ctx.Done():
	}
}

func (e errand) Stop() { close(e.stop) }

// holder is a context that ends waits itself, of code that may have a turn.
type holder struct {
	ending
	turn turn.Turn
}

func (h *holder) Turn() turn.Turn { return h.turn }

func (h *holder) Value(key any) any {
	v, _ := turn.Value(h, key)
	return v
}

func TestATaskRunsItsErrandWhileItWaits(t *testing.T) {
	reason := errors.New("enough")
	contexts := map[string]func(context.Context) context.Context{
		"a context that never ends": func(ctx context.Context) context.Context { return ctx },
		"a standard context": func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			t.Cleanup(cancel)
			return ctx
		},
		"a context that ends waits itself": func(ctx context.Context) context.Context { return &holder{turn: turn.From(ctx)} },
		"one made from such a context": func(ctx context.Context) context.Context {
			return context.WithValue(&holder{turn: turn.From(ctx)}, holder{}, true)
		},
	}
	for name, derive := range contexts {
		t.Run("with "+name, func(t *testing.T) {
			own := new(turn.Own)
			for what, base := range map[string]context.Context{
				"under a turn":   turn.With(context.Background(), own),
				"without a turn": context.Background(),
			} {
				t.Run(what, func(t *testing.T) {
					ctx := derive(base)
					e := newErrand()
					waits := make(chan turn.Wait, 1)
					over := make(chan error, 1)
					task := func() {
						w, err := turn.Begin(ctx, nil)
						if err != nil || !w.With(e) {
							t.Errorf("the errand is not taken, error %v", err)
						}
						waits <- w
						err = w.Block(ctx, "the end of a test")
						select {
						case <-e.stop:
						default:
							t.Error("the wait is over before the errand was stopped")
						}
						over <- err
					}
					if held := turn.From(ctx); held != nil {
						held.Start(turn.Func(task))
					} else {
						go task()
					}
					w := <-waits
					<-e.running
					if err := own.Do(context.Background(), func() {}); err != nil { // the turn is free
						t.Error(err)
					}
					w.Wake(reason)
					if err := <-over; err != reason {
						t.Errorf("the wait ends with %v", err)
					}
				})
			}
		})
	}
}

func TestTheEndOfAContextStopsAnErrand(t *testing.T) {
	standard, cancel := context.WithCancel(t.Context())
	ending := new(ending)
	for name, c := range map[string]struct {
		ctx context.Context
		end func()
	}{
		"a standard context":               {standard, cancel},
		"a context that ends waits itself": {ending, func() { ending.Come(context.Canceled, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			e := newErrand()
			go func() {
				<-e.running
				c.end()
			}()
			w, err := turn.Begin(c.ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			w.With(e)
			if err := w.Block(c.ctx, "the end of a test"); !errors.Is(err, context.Canceled) {
				t.Errorf("the wait ends with %v", err)
			}
			<-e.stop
		})
	}
}

func TestAWaitThatIsDroppedRunsNoErrand(t *testing.T) {
	for _, woken := range []bool{false, true} {
		w, err := turn.Begin(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		e := newErrand()
		w.With(e)
		if woken {
			w.Wake(nil)
		}
		w.Drop()
		select {
		case <-e.running:
			t.Error("it runs")
		default:
		}
	}
}
