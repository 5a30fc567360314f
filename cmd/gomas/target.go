package main

import (
	"errors"
	"strings"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// target is what an ADDRESS names: a container or a server, or an agent in a
// container.
type target struct {
	addr  transport.Addr
	agent string // the id, "" if it is no agent
}

var errLocal = errors.New("local:// addresses mean nothing outside of the program that has them; want tcp://host:port or ipc://[/path]")

// UnmarshalText parses an ADDRESS.
func (t *target) UnmarshalText(text []byte) error {
	addr, err := transport.ParseAddr(string(text))
	if err != nil {
		var asURL error
		addr, t.agent, asURL = transport.SplitURL(string(text))
		switch {
		case asURL == nil:
			err = nil
		case strings.Count(string(text), "/") > 2:
			err = asURL
		}
	}
	if err == nil && addr.Scheme == "local" {
		err = errLocal
	}
	t.addr = addr
	return err
}

func (t target) String() string {
	if t.agent == "" {
		return t.addr.String()
	}
	return t.addr.URL(t.agent)
}

// in returns the service that t names at its peer.
func (t target) in(conn *rpc.Conn) rpc.Remote {
	if t.agent == "" {
		return conn.Remote()
	}
	return conn.Remote().Sub(agentsPath + t.agent)
}

// agentsPath is where the agents of a container are.
const agentsPath = "agents/"
