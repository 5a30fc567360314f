package mosaik

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
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
// error is that of [Join], or says what is wrong with the command line; it is
// [flag.ErrHelp] after -help.
func Main(ctx context.Context, args []string, sim Simulator, opts *Options) error {
	return run(ctx, args, sim, opts, os.Stderr)
}

func run(ctx context.Context, args []string, sim Simulator, opts *Options, stderr io.Writer) error {
	flags := flag.NewFlagSet("mosaik component", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: [-log LEVEL] HOST:PORT            join the mosaik that waits there\n"+
			"       [-log LEVEL] -listen HOST:PORT    wait there until mosaik connects")
		flags.PrintDefaults()
	}
	listen := flags.Bool("listen", false, "wait at HOST:PORT until mosaik connects")
	var level slog.Level
	flags.TextVar(&level, "log", slog.LevelInfo, "what to log: debug, info, warn or error")
	var addrs []string
	for len(args) > 0 { // flags may follow the address, too
		if err := flags.Parse(args); err != nil {
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
