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
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/examples/systems"
)

func main() {
	// The processes of a demo are this program, too.
	if code, served := asProcess(); served {
		os.Exit(code)
	}
	os.Exit(withSignals(os.Args[1:]))
}

// asProcess is all that the program does if another one has started it as one
// of the processes over which agents are spread.
func asProcess() (code int, served bool) {
	var factories gomas.Factories
	err := systems.Register(&factories)
	if err == nil {
		// Of the codecs, this is the one that processes do not know by themselves.
		served, err = gomas.ServeProcess(context.Background(), &factories, &gomas.Options{Codec: blosc.Codec{}})
	}
	switch {
	case err == nil:
		return codeOK, served
	case errors.Is(err, context.Canceled): // Ctrl-C before it was ready
		return codeInterrupted, true
	}
	_, _ = fmt.Fprintln(os.Stderr, err)
	return codeFailed, true
}

// withSignals runs a command line whose context ends with Ctrl-C or SIGTERM.
// A second signal ends the program at once.
func withSignals(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(&environment{Context: ctx, stdout: os.Stdout, stderr: os.Stderr, terminal: isTerminal(os.Stdout)}, args)
}
