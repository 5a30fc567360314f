package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
)

// containerCommand runs a container with a manager until it is told to stop.
type containerCommand struct {
	Address target        `arg:"" help:"Where to listen: tcp://host:port, port 0 for any free one, or ipc://[/path]."`
	Spawn   []string      `placeholder:"TYPE" sep:"none" help:"An agent to begin with: a type, with arguments behind it. May be given several times."`
	Clock   string        `enum:"real,external" default:"real" help:"The clock of the agents, ${enum}. The external one is set by the manager's set_time."`
	Start   time.Time     `placeholder:"DATE" help:"The date of time 0 of the external clock, as 2030-01-01T00:00:00Z. The default is now."`
	Grace   time.Duration `default:"5s" help:"How long what is being answered may take at the end."`
	Verbose bool          `short:"v" help:"Log connections to standard error."`
	Wire
}

func (*containerCommand) Help() string {
	return `Agent 0 of the container is a manager, which makes agents for others, in Python or in Go: spawn(name, *args, **kwargs), set_time(seconds), stop().

Types of agents are code, and this program has no code of yours. It knows two, which are good for trying out connections and for measuring: Echo, with echo(value), fail(message) and sleep(seconds), and Counter(total=0), with add(n) and total(). For your own types write a program that registers them; docs/processes.md says how.

Whoever reaches the address may make agents and stop the container: listen on localhost, or use TLS.

It ends in good order with Ctrl-C, SIGTERM, or stop() of the manager.

Examples:

    gomas container tcp://localhost:5555 --spawn Echo
    gomas container tcp://localhost:5555 --clock external --start 2030-01-01T00:00:00Z --codec msgpack
    gomas call tcp://localhost:5555/0 spawn Counter total=40`
}

// Run implements the command.
func (c *containerCommand) Run(env *environment) (err error) {
	if c.Address.agent != "" {
		return usageError("", "a container listens at an address, and %v is that of an agent", c.Address)
	}
	if c.Grace < 0 {
		return usageError("", "--grace must not be negative")
	}
	factories, err := builtIn()
	if err != nil {
		return err
	}
	opts, err := c.options(env)
	if err != nil {
		return err
	}
	container, err := gomas.NewContainer(env, c.Address.String(), opts)
	if err != nil {
		hint := ""
		if errors.Is(err, syscall.EADDRINUSE) && c.Address.addr.Scheme == "tcp" {
			hint = "port 0 is any free one"
		}
		return &failure{codeFailed, err, hint}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(env), c.Grace)
		defer cancel()
		err = c.ended(errors.Join(err, container.Shutdown(ctx)))
	}()
	m, err := gomas.Spawn(env, container, gomas.NewManager(factories))
	if err != nil {
		return err
	}
	for _, word := range c.Spawn {
		if err := c.spawn(env, m, word); err != nil {
			return err
		}
	}
	env.printf("%s: container\n", container.Addr())
	for _, a := range container.Agents() {
		env.printf("%v\n", a)
	}
	if err := m.Wait(env); env.Err() == nil {
		return err // of the end that somebody has asked for
	}
	return nil
}

// ended says what it means that there was not time enough to end.
func (c *containerCommand) ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{codeFailed, errors.New("the container has ended, but not all calls: they took too long and were cut"), ""}
	}
	return err
}

// options returns the settings of the container.
func (c *containerCommand) options(env *environment) (*gomas.Options, error) {
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	opts := &gomas.Options{Codec: codecs[c.Codec], TLS: secure}
	switch {
	case c.Clock == "external":
		if c.Start.IsZero() {
			c.Start = time.Now()
		}
		opts.Clock = clock.NewExternal(c.Start.UTC(), 0)
	case !c.Start.IsZero():
		return nil, usageError("", "--start is for --clock external; the real clock has the real date")
	}
	if c.Verbose {
		opts.Logger = slog.New(slog.NewTextHandler(env.stderr, nil))
	}
	return opts, nil
}

// spawn makes an agent of what --spawn says: a type, and arguments behind it.
func (c *containerCommand) spawn(ctx context.Context, m *gomas.Manager, text string) error {
	words := strings.Fields(text)
	if len(words) == 0 {
		return usageError("", "--spawn wants a type of agents")
	}
	args, err := parseArguments(words[1:], nil)
	if err != nil {
		return err
	}
	_, err = gomas.ManagerAt(m.Remote()).Spawn(ctx, words[0], args.list()...)
	if remote, ok := errors.AsType[*rpc.RemoteError](err); ok {
		return usageError("", "--spawn %s: %s", text, remote.Message)
	}
	return err
}
