package turn_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/gomas/gomas/turn"
)

func TestYieldLetsThoseRunThatAreReadyAndGoesOn(t *testing.T) {
	a := newAgent()
	var got []string
	var wg sync.WaitGroup
	a.start(&wg, func(ctx context.Context) {
		a.start(&wg, func(ctx context.Context) {
			got = append(got, "other")
			a.start(&wg, func(context.Context) { got = append(got, "late") })
		})
		for _, step := range []string{"once", "twice", "with nobody ready"} {
			if err := turn.Yield(ctx); err != nil {
				t.Error(err)
			}
			got = append(got, step)
		}
	})
	wg.Wait()
	if want := []string{"other", "once", "late", "twice", "with nobody ready"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestYieldFailsWhereWaitingWould(t *testing.T) {
	cause := errors.New("enough")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	bare, checked := newAgent(), newAgent()
	checked.Check()
	var wg sync.WaitGroup
	goroutine := make(chan error)
	checked.start(&wg, func(ctx context.Context) {
		go func() { goroutine <- turn.Yield(ctx) }()
		if err := <-goroutine; !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("by a bare goroutine: %v", err)
		}
		if err := turn.Yield(ctx); err != nil {
			t.Errorf("by the task: %v", err)
		}
	})
	wg.Wait()
	for name, test := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"with a context that has ended":        {ended, cause},
		"with a context whose turn nobody has": {bare.ctx, turn.ErrMisuse},
		"without a turn":                       {context.Background(), nil},
		"with a free turn":                     {turn.With(context.Background(), turn.Free{}), nil},
	} {
		if err := turn.Yield(test.ctx); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
