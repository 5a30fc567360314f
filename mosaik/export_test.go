package mosaik

import (
	"context"
	"io"
)

// Run is Main of a program that is called controller, with another standard
// error.
func Run(ctx context.Context, args []string, sim Simulator, opts *Options, stderr io.Writer) error {
	return run(ctx, "controller", args, sim, opts, stderr)
}
