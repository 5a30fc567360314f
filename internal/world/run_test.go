package world_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/world"
)

// leaves reports whether fn ends its goroutine.
func leaves(fn func()) bool {
	left := make(chan bool)
	go func() {
		returned := false
		defer func() { left <- !returned }()
		fn()
		returned = true
	}()
	return <-left
}

func TestOneRunThatEndsItsGoroutineDoesNotEndThatOfTheNext(t *testing.T) {
	p := newPlace(t, world.Options{})
	if !leaves(func() { _ = p.run(t, func(context.Context) error { runtime.Goexit(); return nil }) }) {
		t.Error("the first has returned")
	}
	if leaves(func() { _ = p.run(t, func(context.Context) error { return nil }) }) {
		t.Error("the second has not")
	}
}

func TestATimerThatEndsItsGoroutineEndsThatOfRun(t *testing.T) {
	p := newPlace(t, world.Options{})
	if !leaves(func() {
		_ = p.run(t, func(ctx context.Context) error {
			if _, err := p.Clock().In(1, runtime.Goexit); err != nil {
				return err
			}
			return clock.Sleep(ctx, p.Clock(), 2)
		})
	}) {
		t.Error("it has returned")
	}
}

// beside runs fn while another function waits in the same world, which that of
// another call of Run drives, and reports whether that ended its goroutine.
func beside(t *testing.T, p *place, fn func()) (left bool) {
	began, over, end := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		over <- leaves(func() {
			_ = p.run(t, func(ctx context.Context) error {
				close(began)
				for {
					select {
					case <-end:
						return nil
					default:
					}
					if err := clock.Sleep(ctx, p.Clock(), time.Millisecond); err != nil {
						return err
					}
				}
			})
		})
	}()
	<-began
	fn()
	close(end)
	return <-over
}

func TestARunThatAnotherDrivesEndsAsItsFunctionDoes(t *testing.T) {
	t.Run("with its goroutine, and the other does not", func(t *testing.T) {
		p := newPlace(t, world.Options{Real: true})
		left := false
		if beside(t, p, func() {
			left = leaves(func() { _ = p.run(t, func(context.Context) error { runtime.Goexit(); return nil }) })
		}) || !left {
			t.Error("it was the wrong one")
		}
	})
	t.Run("with the panic of the network", func(t *testing.T) {
		p := newPlace(t, world.Options{Real: true})
		beside(t, p, func() {
			err := p.run(t, func(context.Context) error { panic("ouch") })
			if _, ok := errors.AsType[*world.PanicError](err); !ok {
				t.Error(err)
			}
		})
	})
}

func TestAWorldThatHasStalledRunsNothingMoreAndSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, world.Options{Stall: 50 * time.Millisecond})
		block := make(chan bool)
		defer close(block)
		for _, fn := range []func(context.Context) error{
			func(context.Context) error { <-block; return nil },
			func(context.Context) error { return nil },
		} {
			err := p.run(t, fn)
			if _, ok := errors.AsType[*world.StallError](err); !ok {
				t.Error(err)
			}
		}
	})
}

func TestATimerThatBlocksIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, world.Options{Stall: 50 * time.Millisecond})
		block := make(chan bool)
		defer close(block)
		err := p.run(t, func(ctx context.Context) error {
			if _, err := p.Clock().In(1, func() { <-block }); err != nil {
				return err
			}
			return clock.Sleep(ctx, p.Clock(), 2)
		})
		stall, ok := errors.AsType[*world.StallError](err)
		if !ok || stall.Task != "an event" || stall.Stack == "" {
			t.Errorf("%v", err)
		}
	})
}

func TestAWorldMayBeClosedWhileTheContextOfARunEnds(t *testing.T) {
	for range 500 {
		p := newPlace(t, world.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		if err := p.World().Run(ctx, &p.Node, "main", func(context.Context) error {
			cancel()
			return nil
		}); err != nil {
			t.Error(err)
		}
		if err := p.World().Close(); err != nil {
			t.Error(err)
		}
	}
}
