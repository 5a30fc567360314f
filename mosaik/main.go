package mosaik

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Main is what the main function of a component calls: it takes part in one
// simulation, in the way that the command line says, and returns when that is
// over.
//
//	program HOST:PORT             joins the mosaik there: "cmd" in mosaik's sim_config
//	program -listen HOST:PORT     waits until mosaik connects: "connect"
//
// so that the sim_config is one of
//
//	{'cmd': 'program %(addr)s'}
//	{'connect': 'localhost:5555'}
//
// and -log debug, info, warn or error says what is logged to standard error;
// [Options.Logger] comes before that. args are those after the program's name,
// os.Args[1:]. An interrupt or SIGTERM ends the simulator in good order. The
// error is that of [Join], or says what is wrong with the command line. After -h
// or -help, which print how to use the program to standard error, it is nil.
func Main(ctx context.Context, args []string, sim Simulator, opts *Options) error {
	return run(ctx, filepath.Base(os.Args[0]), args, sim, opts, os.Stderr)
}

// usage is for the program's name.
const usage = `A component for simulations with mosaik.

Usage:
  %[1]s [flags] HOST:PORT            join the mosaik that waits there
  %[1]s [flags] -listen HOST:PORT    wait there until mosaik connects

In mosaik's sim_config, that is one of
  {'cmd': '%[1]s %%(addr)s'}
  {'connect': 'HOST:PORT'}

Flags:
  -listen       wait until mosaik connects
  -log LEVEL    log to standard error from this level on: debug, info, warn or error (default info)
  -h, -help     print this
`

func run(ctx context.Context, name string, args []string, sim Simulator, opts *Options, stderr io.Writer) error {
	flags := flag.NewFlagSet("mosaik component", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are returned
	flags.Usage = func() { _, _ = fmt.Fprintf(stderr, usage, name) }
	listen := flags.Bool("listen", false, "")
	var level slog.Level
	flags.TextVar(&level, "log", slog.LevelInfo, "")
	var addrs []string
	for len(args) > 0 { // flags may follow the address, too
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil
		case err != nil:
			return fmt.Errorf("mosaik: command line: %w", err)
		}
		if args = flags.Args(); len(args) > 0 {
			addrs, args = append(addrs, args[0]), args[1:]
		}
	}
	if len(addrs) != 1 {
		flags.Usage()
		return fmt.Errorf("mosaik: command line: %d addresses instead of one; give HOST:PORT, which is %%(addr)s in mosaik's \"cmd\"", len(addrs))
	}
	var all Options
	if opts != nil {
		all = *opts
	}
	if all.Logger == nil {
		all.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	}
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer cancel()
	err := take(ctx, addrs[0], *listen, sim, &all)
	if err != nil {
		all.Logger.Error("the simulator has ended", "error", err)
	} else {
		all.Logger.Info("mosaik has stopped the simulation")
	}
	return err
}

func take(ctx context.Context, addr string, listen bool, sim Simulator, opts *Options) error {
	if !listen {
		return Join(ctx, addr, sim, opts)
	}
	s, err := Listen(ctx, addr, sim, opts)
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}
