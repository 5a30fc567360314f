package gomas

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// Serve waits until ctx ends or the program is told to end, by an interrupt
// (Ctrl-C) or SIGTERM, and then shuts the containers down, all at once, within
// the time grace. A second signal ends the program at once. It is the last line
// of programs that only serve:
//
//	return gomas.Serve(ctx, 10*time.Second, container)
//
// The end of ctx, and a signal, are no errors.
func Serve(ctx context.Context, grace time.Duration, containers ...*Container) error {
	told, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	_ = new(turn.Event).Wait(told, nil, "the end of the program")
	stop() // from here on a signal does what it does without us
	ctx, cancel := clock.WithTimeout(context.WithoutCancel(ctx), clock.For(ctx), grace)
	defer cancel()
	ends := make([]turn.Event, len(containers))
	for i, c := range containers {
		turn.FreeOf(turn.From(ctx)).Start(turn.Func(func() { ends[i].Set(c.Shutdown(ctx)) }))
	}
	var errs []error
	for i := range ends {
		if err := ends[i].Wait(context.WithoutCancel(ctx), nil, "a container to shut down"); err != nil {
			errs = append(errs, fmt.Errorf("gomas: shutdown of %v: %w", containers[i], err))
		}
	}
	return errors.Join(errs...)
}
