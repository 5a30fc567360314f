package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// lsCommand lists what a peer offers.
type lsCommand struct {
	Address target `arg:"" help:"Of a container or server, or of an agent."`
	Limit   int    `default:"100" help:"The most agents to list."`
	Probe   int    `default:"16" help:"Where a container does not list its agents, as Python's, ids are tried from 0 until so many in a row are of no agent."`
	JSON    bool   `name:"json" help:"Print JSON."`
	Dialling
}

func (*lsCommand) Help() string {
	return `A gomas peer describes itself: functions are listed as Go writes them, under the names that gomas call takes. Python's aiomas does not; of its containers the agents and their types can be found out, of other servers nothing.

Examples:

    gomas ls tcp://localhost:5555
    gomas ls tcp://localhost:5555/0
    gomas ls --json tcp://localhost:5555`
}

// Run implements the command.
func (c *lsCommand) Run(env *environment) error {
	if c.Limit < 0 || c.Probe < 1 {
		return usageError("", "--limit must not be negative, and --probe at least 1")
	}
	p, err := c.dial(env, c.Address)
	if err != nil {
		return err
	}
	defer p.Close()
	s := survey{peer: p, limit: c.Limit, probe: c.Probe}
	found, err := s.of(env, c.Address)
	if err != nil {
		return p.explain(env, err)
	}
	if c.JSON {
		text, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		env.printf("%s\n", printable(string(text)))
		return nil
	}
	env.printf("%v", found)
	return nil
}

// listing is what is known about a peer or an agent.
type listing struct {
	Address   string     `json:"address"`
	Kind      string     `json:"kind"` // "container", "server" or "agent"
	Type      string     `json:"type,omitempty"`
	Software  string     `json:"software,omitempty"`
	Functions []function `json:"functions"`
	Silent    []string   `json:"silent,omitempty"` // services that do not describe themselves, "" for all of it
	Agents    []*listing `json:"agents,omitempty"`
	More      int        `json:"more,omitempty"` // agents and services that are left out
	Note      string     `json:"note,omitempty"`
}

// function is one that can be called.
type function struct {
	Name      string `json:"name"` // with the path of its service
	Signature string `json:"signature"`
	Doc       string `json:"doc,omitempty"`
}

func (l *listing) String() string {
	var b strings.Builder
	what := l.Kind
	if l.Type != "" {
		what = inLine(l.Type)
	}
	if l.Software != "" {
		what += ", " + l.Software
	}
	fmt.Fprintf(&b, "%s: %s\n", inLine(l.Address), what)
	for _, f := range l.Functions {
		fmt.Fprintf(&b, "  %s\n", inLine(f.Signature))
		if f.Doc != "" {
			fmt.Fprintf(&b, "      %s\n", inLine(f.Doc))
		}
	}
	for _, path := range l.Silent {
		if path == "" {
			b.WriteString("  (does not say which functions it has)\n")
			continue
		}
		fmt.Fprintf(&b, "  %s/ (does not say which functions it has)\n", inLine(path))
	}
	for _, a := range l.Agents {
		b.WriteString(a.String())
	}
	if l.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", l.More)
	}
	if l.Note != "" {
		fmt.Fprintf(&b, "(%s)\n", l.Note)
	}
	return b.String()
}
