package mosaik

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// World is mosaik, for the requests of a simulator: its methods may be called
// from any number of goroutines, with the context of the call that mosaik waits
// for, or one made from it. While one waits, the turn of the simulator is given
// up.
//
// mosaik answers while it waits for the simulator; otherwise the requests fail
// with [ErrOutside], and [World.SetEvent] alone is always allowed. A failure in
// mosaik is a *[RemoteError].
type World struct{ component *component }

// Progress returns how much of the simulation is done, in percent.
func (w *World) Progress(ctx context.Context) (percent float64, err error) {
	err = w.ask(ctx, "get_progress", &percent)
	return percent, err
}

// Node is an entity in the graph of relations.
type Node struct {
	Simulator string `json:"sid"`
	Model     string `json:"type"`
}

// Graph is how the entities of a simulation are related: by connections that
// pass data, and by [Entity.Related]. Relations have no direction, and those of
// children to the entities that they are parts of are not among them.
type Graph struct {
	Nodes map[string]Node // by full id
	Edges [][2]string     // of full ids
}

// Graph returns all entities with all relations. It is complete from
// [SetUpper.SetupDone] on.
func (w *World) Graph(ctx context.Context) (*Graph, error) {
	var answer struct {
		Nodes map[string]Node `json:"nodes"`
		Edges [][]codec.Raw   `json:"edges"`
	}
	if err := w.ask(ctx, "get_related_entities", &answer); err != nil {
		return nil, err
	}
	g := &Graph{Nodes: answer.Nodes, Edges: make([][2]string, len(answer.Edges))}
	for i, edge := range answer.Edges {
		if len(edge) < 2 {
			return nil, fmt.Errorf("mosaik: get_related_entities: edge %d has %d ends instead of 2", i, len(edge))
		}
		for end := range 2 {
			if err := format.Parse(edge[end], &g.Edges[i][end], nil); err != nil {
				return nil, fmt.Errorf("mosaik: get_related_entities: edge %d: %w", i, err)
			}
		}
	}
	return g, nil
}

// Related returns, for each entity of the full ids given, the entities related
// to it.
func (w *World) Related(ctx context.Context, ids ...string) (map[string]map[string]Node, error) {
	if ids == nil {
		ids = []string{}
	}
	var related map[string]map[string]Node
	err := w.ask(ctx, "get_related_entities", &related, ids)
	return related, err
}

// GetData returns values of attributes of entities of other simulators, by
// full id. It is allowed within Step, and for simulators that the scenario has
// connected to this one with async_requests=True.
func (w *World) GetData(ctx context.Context, query Query) (map[string]map[string]any, error) {
	var values map[string]map[string]any
	err := w.ask(ctx, "get_data", &values, query)
	return values, err
}

// SetData sends values to entities of other simulators, which get them as
// inputs of their next step: by the full ids of the entity that they come from
// and of the one that they are for, and by attribute. It is allowed where
// [World.GetData] is.
func (w *World) SetData(ctx context.Context, data map[string]map[string]map[string]any) error {
	return w.ask(ctx, "set_data", nil, data)
}

// SetEvent has mosaik step this simulator at a time. It is allowed at any time,
// in simulations that run in real time; [Meta.SetEvents] announces it.
func (w *World) SetEvent(ctx context.Context, time int64) error {
	return w.ask(ctx, "set_event", nil, time)
}

// ask makes a request, if mosaik answers it now.
func (w *World) ask(ctx context.Context, name string, result any, args ...any) error {
	conn, err := w.component.mayAsk(name)
	if err == nil {
		var raw codec.Raw
		raw, err = rpc.Call[codec.Raw](ctx, conn.Remote(), name, args...)
		if err == nil && result != nil {
			err = format.Parse(raw, result, nil)
		}
	}
	if err != nil {
		return fmt.Errorf("mosaik: %s: %w", name, err)
	}
	return nil
}

// mayAsk returns the connection to mosaik, if it answers a request now.
func (c *component) mayAsk(name string) (*rpc.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.life.Err() != nil:
		return nil, context.Cause(c.life)
	case name == "set_event":
	case len(c.calls) == 0:
		return nil, fmt.Errorf("%w: ask within one of its methods, such as Step", ErrOutside)
	case (name == "get_data" || name == "set_data") && c.calls["step"] == 0:
		return nil, fmt.Errorf("%w in a step, and it waits for %q now: ask within Step", ErrOutside, slices.Sorted(maps.Keys(c.calls)))
	}
	return c.conn, nil
}
