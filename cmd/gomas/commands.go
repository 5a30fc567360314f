package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// commands are what the program can do. Each has a file of its own, with its
// flags, its help and its Run.
type commands struct {
	Demo       demoCommand       `cmd:"" help:"Run an example of a multi-agent system."`
	Call       callCommand       `cmd:"" help:"Call a function of a peer."`
	Ls         lsCommand         `cmd:"" help:"List agents, services and functions of a peer."`
	Ping       pingCommand       `cmd:"" help:"See whether a peer, or an agent, answers."`
	Bench      benchCommand      `cmd:"" help:"Measure the calls of a peer."`
	Container  containerCommand  `cmd:"" help:"Run a container that others fill with agents."`
	Certs      certsCommand      `cmd:"" help:"Make and check certificates for TLS."`
	Completion completionCommand `cmd:"" help:"Print what a shell needs to complete command lines."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"List completions of a command line, for the shells."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

const description = `Calls, lists, measures and runs what speaks aiomas's protocol, in Go or in Python.

An ADDRESS is that of a container or a server, tcp://host:port or ipc://[/path], or an agent's: tcp://host:port/0.

Exit codes: 0 all is well; 1 the call failed at the peer, or the command found or met a problem; 2 the command line, or a file that it names, is wrong; ` +
	`3 the peer cannot be reached, or the connection was lost; 4 the peer answers, but speaks something else (another codec, TLS or none, HTTP); ` +
	`5 there was no answer in time; 130 interrupted.`

// environment is what a command works with. Its context ends when the user
// wants the program to.
type environment struct {
	context.Context
	stdout, stderr io.Writer
	terminal       bool // stdout is one
}

// printf prints to the standard output. A lost output cannot be reported to
// anybody.
func (e *environment) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stdout, format, args...)
}

// run executes a command line and returns the exit code.
func run(env *environment, args []string) int {
	parser, err := newParser(env)
	if err != nil {
		return report(env, err)
	}
	parsed, err := parser.Parse(arrange(parser.Model.Node, args))
	if err != nil {
		return report(env, usage(parsed, err))
	}
	return report(env, parsed.Run(env))
}

func newParser(env *environment) (*kong.Kong, error) {
	return kong.New(new(commands),
		kong.Name("gomas"),
		kong.Description(description),
		kong.WithHyphenPrefixedParameters(true),
		kong.Writers(env.stdout, env.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
}

// usage makes an error of what is wrong with a command line.
func usage(parsed *kong.Context, err error) error {
	command := "gomas"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		parsed = parse.Context
	}
	if parsed != nil && parsed.Selected() != nil {
		command = parsed.Selected().FullPath()
	}
	return &failure{
		code: codeUsage,
		err:  err,
		hint: command + " --help shows how to use it",
	}
}
