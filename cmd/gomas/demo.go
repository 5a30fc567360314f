package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomas/gomas/examples/systems"
)

// demoCommand runs one of the example systems.
type demoCommand struct {
	System systemName `arg:"" optional:"" help:"Which one. Without it, they are listed, and the first one runs."`

	Containers *int          `placeholder:"N" xor:"containers" help:"Spread the agents over so many containers of this process. The default is 3."`
	Processes  *int          `placeholder:"N" xor:"containers,local,seed" help:"Spread the agents over so many other processes."`
	Local      bool          `xor:"local" help:"Connect the containers by the local network, in virtual time, and not over TCP."`
	Seed       *uint64       `placeholder:"N" xor:"seed" help:"What everything is drawn from, also the order of what happens; it implies --local."`
	Trace      string        `type:"path" placeholder:"FILE" help:"Write what has happened on the local network to this file."`
	Codec      string        `enum:"json,msgpack,blosc" default:"json" help:"The format of the messages: ${enum}."`
	Timeout    time.Duration `default:"1m" help:"How long it may take, in real time; 0 is for ever."`
}

func (*demoCommand) Help() string {
	return `Each is a multi-agent system from the literature whose answer is known. At the end comes what has come out, and beside it what is known. Exit code 1 means that the two differ.

On the local network nothing depends on the machine: with the same seed, the same happens in the same order, which the hash at the end proves. Without --seed, what could happen first does.

A trace is text that a person can read, FILE.txt, a line of JSON for each event,
FILE.jsonl, or a sequence diagram for Mermaid, FILE.mmd.

Examples:

    gomas demo
    gomas demo chord --processes 4 --codec msgpack
    gomas demo election --seed 7 --trace election.jsonl`
}

// Run implements the command.
func (c *demoCommand) Run(env *environment) error {
	system, err := c.system()
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return err
	}
	if c.System == "" {
		list(env)
	}
	ctx, cancel := c.bounded(env)
	defer cancel()
	where := c.place()
	env.printf("%s %v\n", system.Name, where)
	p := newProgressLine(env, system.Name)
	r, err := where.run(ctx, system, p.tell)
	p.clear()
	switch {
	case err == nil:
		return r.report(env)
	case env.Err() != nil:
		return errInterrupted
	case ctx.Err() != nil:
		return &failure{codeTimeout, fmt.Errorf("%s has not come to its end within %v", system.Name, c.Timeout), "--timeout sets how long it may take"}
	}
	return err
}

// system returns the system that the user wants.
func (c *demoCommand) system() (systems.System, error) {
	if c.System == "" {
		return systems.All()[0], nil
	}
	if s, ok := systems.Find(string(c.System)); ok {
		return s, nil
	}
	return systems.System{}, usageError("there are "+strings.Join(c.System.choices(), ", "), "there is no system %q", c.System)
}

const maxContainers = 256

func (c *demoCommand) check() error {
	for flag, n := range map[string]*int{"--containers": c.Containers, "--processes": c.Processes} {
		if n != nil && (*n < 1 || *n > maxContainers) {
			return usageError("", "%s must be from 1 to %d", flag, maxContainers)
		}
	}
	switch {
	case c.Timeout < 0:
		return usageError("", "--timeout must not be negative; 0 is for ever")
	case c.Trace == "":
		return nil
	case !c.isLocal():
		return usageError("add --local or --seed", "--trace is for the local network, and this is none")
	}
	_, err := traceFormatOf(c.Trace)
	return err
}

func (c *demoCommand) isLocal() bool { return c.Local || c.Seed != nil }

func (c *demoCommand) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.Timeout)
}

// systemName is the name of an example system, or "".
type systemName string

// choices returns the names that there are.
func (systemName) choices() []string {
	var names []string
	for _, s := range systems.All() {
		names = append(names, s.Name)
	}
	return names
}

// list prints which systems there are.
func list(env *environment) {
	env.printf("These systems can be run, with gomas demo NAME:\n\n")
	for _, s := range systems.All() {
		env.printf("  %-12s %s\n", s.Name, s.About)
	}
	env.printf("\n")
}

// result is what came out of a system.
type result struct {
	*systems.Outcome
	lasted string // how long it took
	proof  string // that it was the same as another one, "" if it may not be
}

// report prints the result. It is an error if it is not what is known.
func (r *result) report(env *environment) error {
	env.printf("\n%s\n", r.Summary)
	wrong := 0
	for _, f := range r.Figures {
		env.printf("  %v\n", f)
		if !f.OK() {
			wrong++
		}
	}
	env.printf("%d messages in %s\n", r.Messages, r.lasted)
	if r.proof != "" {
		env.printf("%s\n", r.proof)
	}
	if !r.OK() {
		return &failure{codeFailed, fmt.Errorf("%d of %d figures: %w", wrong, len(r.Figures), errWrong), ""}
	}
	return nil
}

var errWrong = errors.New("not as they are known to be")
