package gomas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gomas/gomas/turn"
)

// ServeProcess is what a program calls first in main, if [StartProcess] is to
// start it again as another process:
//
//	if served, err := gomas.ServeProcess(ctx, factories, nil); served {
//		return err // this was such a process, and it has ended
//	}
//
// In a program that was started in another way, it returns false at once.
// Otherwise it starts a container with a [Manager] for the factories, and
// returns true when that has shut down: because the manager was told to stop,
// because the parent process is gone, because the process got an interrupt or
// SIGTERM, or because ctx has ended. main should then return.
//
// The codec, the clock, the time-outs and the address come from the parent. opts,
// nil or not, has the rest: custom types, TLS, limits and hooks, and a codec
// other than JSON and MsgPack if that is the parent's.
//
// Standard input belongs to ServeProcess, which sees there whether the parent
// lives. What the program prints, the parent passes on line by line.
func ServeProcess(ctx context.Context, factories *Factories, opts *Options) (served bool, err error) {
	text, ok := os.LookupEnv(ordersVariable)
	if !ok {
		return false, nil
	}
	// What this process starts is not meant.
	if err := os.Unsetenv(ordersVariable); err != nil {
		return true, fmt.Errorf("gomas: process: %w", err)
	}
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer cancel()
	turn.Free{}.Start(turn.Func(func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		cancel()
	}))
	m, err := serveOrders(ctx, text, factories, opts)
	if err != nil {
		_, lost := os.Stdout.WriteString(report{Error: err.Error()}.line())
		return true, fmt.Errorf("gomas: process: %w", errors.Join(err, lost))
	}
	_, err = os.Stdout.WriteString(report{Addr: m.Container().Addr()}.line())
	if err == nil {
		_ = m.Wait(ctx) // again below, without the signals
	}
	cancel() // a second signal ends the process at once
	m.Stop()
	return true, errors.Join(err, m.Wait(context.WithoutCancel(ctx)))
}

// serveOrders starts the container that a process was told to be.
func serveOrders(ctx context.Context, text string, factories *Factories, program *Options) (*Manager, error) {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, fmt.Errorf("the environment variable %s: %w", ordersVariable, err)
	}
	opts, err := o.options(program)
	if err != nil {
		return nil, err
	}
	c, err := NewContainer(ctx, o.Addr, opts)
	if err != nil {
		return nil, err
	}
	m, err := Spawn(ctx, c, newManager(factories, o.Grace))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return m, nil
}
