package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// callCommand calls a function once, or several times in a row.
type callCommand struct {
	Address  target   `arg:"" help:"Of a container or server, tcp://host:port or ipc://[/path], or of an agent: tcp://host:port/0."`
	Function string   `arg:"" help:"The name of a function, with those of the services that lead to it: sub/add."`
	Args     []string `arg:"" optional:"" name:"arg" help:"Arguments as JSON or plain words, KEY=VALUE for keywords."`

	Repeat int  `default:"1" help:"How often to call; with more than one, how long the calls took is printed to standard error."`
	Trace  bool `help:"If the call fails, print all that the peer says: from Python, the traceback."`
	Dialling
}

func (*callCommand) Help() string {
	return `An ARG is taken as JSON if it is JSON, and as text otherwise. Text that looks like JSON, or has a = in it, is text in JSON: '"3"', '"a=b"'.

The result is printed as JSON in one line. Agents appear as their URLs, dates as text, bytes in base64, and what else has a type of its own as it travels, {"__type__": [id, data]}. What can be printed like that can be an argument, too.

Examples:

    gomas call tcp://localhost:5555/0 add 3 4
    gomas call tcp://localhost:5555/0 plan Monday hours=6 'tags=["a", "b"]'
    gomas call tcp://localhost:5555 sub/mul 3 4 --codec msgpack
    gomas call --repeat 1000 --timeout 1s 'ipc://[/run/my.sock]/1' ping`
}

// Run implements the command.
func (c *callCommand) Run(env *environment) error {
	if c.Repeat < 1 {
		return usageError("", "--repeat must be at least 1")
	}
	types, err := foreignTypes()
	if err != nil {
		return err
	}
	args, err := parseArguments(c.Args, types)
	if err != nil {
		return err
	}
	p, err := c.dial(env, c.Address)
	if err != nil {
		return err
	}
	defer p.Close()
	result, took, err := c.calls(env, p, args)
	if err == nil {
		err = show(env, p.target, types, result)
	} else {
		err = c.failed(p.explain(env, err))
	}
	if c.Repeat > 1 && took.n > 0 {
		_, _ = fmt.Fprintf(env.stderr, "%d calls: %v\n", took.n, took)
	}
	return err
}

// calls makes the calls, and returns the result of the last one.
func (c *callCommand) calls(ctx context.Context, p *peer, args arguments) (result any, took *latencies, err error) {
	took = new(latencies)
	remote, list := p.target.in(p.Conn), args.list()
	for range c.Repeat {
		start := time.Now()
		if result, err = rpc.Call[any](ctx, remote, c.Function, list...); err != nil {
			return nil, took, err
		}
		took.add(time.Since(start))
	}
	return result, took, nil
}

// show prints a result.
func show(env *environment, from target, types *codec.Types, result any) error {
	text, err := printer{types, from}.print(result)
	if err != nil {
		return fmt.Errorf("the result cannot be printed: %w", err)
	}
	env.printf("%s\n", printable(text))
	return nil
}

// failed adds the trace to the failure of a call, if that is wanted.
func (c *callCommand) failed(err error) error {
	remote, ok := errors.AsType[*rpc.RemoteError](err)
	if !ok || !c.Trace {
		return err
	}
	f := failureOf(err)
	return &failure{f.code, fmt.Errorf("%w\n%s", err, strings.TrimSpace(remote.Trace)), f.hint}
}
