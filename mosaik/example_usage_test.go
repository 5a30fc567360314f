package mosaik_test

import (
	"context"
	"fmt"
	"os"

	"github.com/gomas/gomas/mosaik"
)

// What a program says about its command line, here to standard output.
func ExampleMain_usage() {
	stderr, name := os.Stderr, os.Args[0]
	defer func() { os.Stderr, os.Args[0] = stderr, name }()
	os.Stderr, os.Args[0] = os.Stdout, "./controller"
	if err := mosaik.Main(context.Background(), []string{"-h"}, new(Batteries), nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// A component for simulations with mosaik.
	//
	// Usage:
	//   controller [flags] HOST:PORT            join the mosaik that waits there
	//   controller [flags] -listen HOST:PORT    wait there until mosaik connects
	//
	// In mosaik's sim_config, that is one of
	//   {'cmd': 'controller %(addr)s'}
	//   {'connect': 'HOST:PORT'}
	//
	// Flags:
	//   -listen       wait until mosaik connects
	//   -log LEVEL    log to standard error from this level on: debug, info, warn or error (default info)
	//   -h, -help     print this
}
