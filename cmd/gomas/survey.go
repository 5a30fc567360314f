package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// survey asks a peer what it offers. The peer may say what it likes: there are
// bounds to how much is asked.
type survey struct {
	*peer
	limit int // of agents
	probe int // ids in a row that are tried in vain
	asked int // services, of the container or of an agent
}

const (
	maxDepth    = 8
	maxServices = 1000
	atOnce      = 32 // agents that are asked about at the same time
)

// of returns what there is at a target.
func (s *survey) of(ctx context.Context, t target) (*listing, error) {
	if t.agent != "" {
		typeName, _, err := agentType(ctx, s.Remote(), t.agent)
		if err != nil {
			return nil, err
		}
		if typeName == "" {
			return nil, noAgent(t)
		}
		return s.agent(ctx, t.agent, typeName)
	}
	_, isContainer, err := agentType(ctx, s.Remote(), "")
	if err != nil {
		return nil, err
	}
	l := &listing{Address: t.addr.String(), Kind: "server", Software: s.software(), Functions: []function{}}
	if !isContainer {
		return l, s.describe(ctx, l, s.Remote(), "", 0)
	}
	l.Kind = "container"
	ids, err := s.ids(ctx, l)
	if err != nil {
		return nil, err
	}
	l.Agents, err = s.agents(ctx, ids)
	return l, err
}

// ids returns which agents a container has, and adds to its listing what else
// it has. Without a description, ids are tried.
func (s *survey) ids(ctx context.Context, l *listing) ([]string, error) {
	if err := s.describe(ctx, l, s.Remote(), "", 0); err != nil {
		return nil, err
	}
	d, err := rpc.Describe(ctx, s.Remote().Sub(strings.TrimSuffix(agentsPath, "/")))
	if err == nil {
		n := min(len(d.Services), s.limit)
		l.More += d.More + len(d.Services) - n
		return d.Services[:n], nil
	}
	if !errors.Is(err, rpc.ErrNoDescription) {
		return nil, err
	}
	found, err := s.try(ctx)
	if len(found) < s.limit {
		l.Note = fmt.Sprintf("ids have been tried until %d in a row were of no agent; there may be more", s.probe)
	} else {
		l.Note = fmt.Sprintf("ids have been tried until %d agents were found, which is the limit; there may be more", s.limit)
	}
	return found, err
}

// try returns the ids of agents that are found by trying.
func (s *survey) try(ctx context.Context) ([]string, error) {
	var ids []string
	for next, misses := 0, 0; misses < s.probe && len(ids) < s.limit; next++ {
		id := strconv.Itoa(next)
		name, _, err := agentType(ctx, s.Remote(), id)
		if err != nil {
			return nil, err
		}
		if misses++; name != "" {
			ids, misses = append(ids, id), 0
		}
	}
	return ids, nil
}

// agents returns what is known about agents. One that has gone meanwhile is
// left out.
func (s *survey) agents(ctx context.Context, ids []string) ([]*listing, error) {
	var all []*listing
	for some := range slices.Chunk(ids, atOnce) {
		names, err := rpc.Gather(ctx, some, func(ctx context.Context, id string) (string, error) {
			name, _, err := agentType(ctx, s.Remote(), id)
			return name, err
		})
		if err != nil {
			return nil, err
		}
		for i, id := range some {
			if names[i] == "" {
				continue
			}
			l, err := s.agent(ctx, id, names[i])
			if err != nil {
				return nil, err
			}
			all = append(all, l)
		}
	}
	return all, nil
}

func (s *survey) agent(ctx context.Context, id, typeName string) (*listing, error) {
	t := target{s.target.addr, id}
	s.asked = 0
	l := &listing{Address: t.String(), Kind: "agent", Type: typeName, Functions: []function{}}
	return l, s.describe(ctx, l, t.in(s.Conn), "", 0)
}

// describe adds the functions of a service, and of those under it, to a
// listing. path is that of the service, from where the listing begins.
func (s *survey) describe(ctx context.Context, l *listing, r rpc.Remote, path string, depth int) error {
	if s.asked++; depth > maxDepth || s.asked > maxServices {
		l.More++
		return nil
	}
	d, err := rpc.Describe(ctx, r)
	if errors.Is(err, rpc.ErrNoDescription) {
		l.Silent = append(l.Silent, path)
		return nil
	}
	if mismatch, ok := errors.AsType[*codec.MismatchError](err); ok {
		return &failure{codeForeign, fmt.Errorf("the peer answers, but not as a service does: %w", mismatch), "it may be a channel without rpc, which can only be pinged"}
	}
	if err != nil {
		return err
	}
	prefix := ""
	if path != "" {
		prefix = path + "/"
	}
	for _, f := range d.Functions {
		l.Functions = append(l.Functions, function{prefix + f.Name, prefix + f.String(), f.Doc})
	}
	l.More += d.More
	for _, name := range d.Services {
		if l.Kind == "container" && path == "" && name+"/" == agentsPath {
			continue // listed one by one
		}
		if err := s.describe(ctx, l, r.Sub(name), prefix+name, depth+1); err != nil {
			return err
		}
	}
	return nil
}
