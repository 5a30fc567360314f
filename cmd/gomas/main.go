// Command gomas calls, lists, measures and runs what speaks aiomas's protocol,
// in Go or in Python, from the command line:
//
//	gomas call tcp://localhost:5555/0 add 3 4
//	gomas ls tcp://localhost:5555
//
// docs/cli.md is its guide; gomas --help lists the commands and the exit codes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(withSignals(os.Args[1:])) }

// withSignals runs a command line whose context ends with Ctrl-C or SIGTERM.
// A second signal ends the program at once.
func withSignals(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(&environment{Context: ctx, stdout: os.Stdout, stderr: os.Stderr}, args)
}
