package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

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

// printf prints to the standard output. That it could not be written is
// reported when the command has ended.
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
	out := &output{Writer: env.stdout}
	err = parsed.Run(&environment{Context: env.Context, stdout: out, stderr: env.stderr, terminal: env.terminal})
	if err == nil && out.err != nil {
		err = &failure{codeFailed, fmt.Errorf("standard output: %w", out.err), ""}
	}
	return report(env, err)
}

// output remembers why something could not be written.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (n int, err error) {
	n, err = o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
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
	hint := command + " --help shows how to use it"
	if strings.HasPrefix(err.Error(), "unknown flag") {
		hint += "; behind -- nothing is a flag"
	}
	return &failure{codeUsage, err, hint}
}
