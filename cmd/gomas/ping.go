package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/backoff"
)

// pingCommand sees whether a peer or an agent is there, or waits until it is.
type pingCommand struct {
	Address target        `arg:"" help:"Of a container or server, or of an agent."`
	Wait    time.Duration `placeholder:"30s" help:"If there is no answer, go on trying for so long."`
	Dialling
}

func (*pingCommand) Help() string {
	return `Asks the peer a question that every aiomas and gomas peer answers, and changes nothing there. With the URL of an agent, it is there if its container says so.

Examples:

    gomas ping tcp://localhost:5555
    gomas ping --wait 30s tcp://localhost:5555/0 && gomas call tcp://localhost:5555/0 start`
}

// longestPause is the longest time between two attempts.
const longestPause = time.Second

// Run implements the command.
func (c *pingCommand) Run(env *environment) error {
	if c.Wait < 0 {
		return usageError("", "--wait must not be negative")
	}
	if c.Wait == 0 {
		return c.once(env)
	}
	var (
		deadline = time.Now().Add(c.Wait)
		pauses   backoff.Backoff
		failed   *failure // of the last attempt, but for those cut short by the deadline
	)
	for {
		attempt := *c
		attempt.Timeout = c.within(time.Until(deadline))
		err := attempt.once(env)
		if err == nil {
			return nil
		}
		f := failureOf(err)
		if f.code != codeUnreachable && f.code != codeTimeout && !errors.Is(err, errNoAgent) {
			return err
		}
		if failed == nil || attempt.Timeout == c.Timeout || !errors.Is(err, context.DeadlineExceeded) {
			failed = f
		}
		pause := min(pauses.Next(nil), longestPause)
		if time.Until(deadline) <= pause {
			return &failure{failed.code, fmt.Errorf("waited for %v: %w", c.Wait, failed.err), failed.hint}
		}
		select {
		case <-env.Done():
			return errInterrupted
		case <-time.After(pause):
		}
	}
}

// within returns the time-out of an attempt for which there is so much time.
func (c *pingCommand) within(left time.Duration) time.Duration {
	if c.Timeout > 0 {
		left = min(left, c.Timeout)
	}
	return max(left, time.Millisecond)
}

// once asks once.
func (c *pingCommand) once(env *environment) error {
	p, err := c.dial(env, c.Address)
	if err != nil {
		return err
	}
	defer p.Close()
	start := time.Now()
	typeName, isContainer, err := agentType(env, p.Remote(), c.Address.agent)
	took := time.Since(start)
	what := "server"
	switch {
	case err != nil:
		return p.explain(env, err)
	case c.Address.agent != "" && typeName == "":
		return noAgent(c.Address)
	case c.Address.agent != "":
		what = inLine(typeName)
	case isContainer:
		what = "container"
	}
	env.printf("%v: %s, %s, answered in %s\n", c.Address, what, p.software(), short(took))
	return nil
}

// software names what the peer is made of, as far as its answers tell.
func (p *peer) software() string {
	if p.Channel().Kin() == channel.Gomas {
		return "gomas"
	}
	return "aiomas or the like"
}
