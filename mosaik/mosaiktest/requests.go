package mosaiktest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
)

// service is what mosaik answers.
func (d *Driver) service() *rpc.Service {
	svc := rpc.NewService()
	svc.Handle("get_progress()", d.progress)
	svc.Handle("get_related_entities(entities=null)", d.related)
	svc.Handle("get_data(attrs)", d.getData)
	svc.Handle("set_data(data)", d.setData)
	svc.Handle("set_event(time)", d.setEvent)
	return svc
}

func (d *Driver) progress(context.Context) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until <= 0 {
		return 0
	}
	return 100 * float64(d.now) / float64(d.until)
}

// graph returns the entities with their relations.
func (d *Driver) graph() (nodes map[string]mosaik.Node, edges [][2]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	nodes = make(map[string]mosaik.Node)
	for id, n := range d.opts.Related.Nodes {
		nodes[id] = n
	}
	edges = slices.Clone(d.opts.Related.Edges)
	for _, id := range d.order {
		full := d.sid + "." + id
		nodes[full] = mosaik.Node{Simulator: d.sid, Model: d.entities[id].Model}
		for _, other := range d.entities[id].Related {
			edges = append(edges, [2]string{full, d.sid + "." + other})
		}
	}
	return nodes, edges
}

// related answers with the whole graph, or with what is related to one or to
// several entities.
func (d *Driver) related(_ context.Context, entities any) (any, error) {
	nodes, edges := d.graph()
	of := func(id string) (map[string]mosaik.Node, error) {
		if _, ok := nodes[id]; !ok {
			return nil, &rpc.Error{Type: "KeyError", Message: fmt.Sprintf("'%s'", id)}
		}
		found := make(map[string]mosaik.Node)
		for _, e := range edges {
			switch id {
			case e[0]:
				found[e[1]] = nodes[e[1]]
			case e[1]:
				found[e[0]] = nodes[e[0]]
			}
		}
		return found, nil
	}
	switch ids := entities.(type) {
	case nil:
		list := make([]any, len(edges))
		for i, e := range edges {
			list[i] = []any{e[0], e[1], map[string]any{}}
		}
		return map[string]any{"nodes": nodes, "edges": list}, nil
	case string:
		return of(ids)
	case []any:
		found := make(map[string]map[string]mosaik.Node)
		for _, id := range ids {
			name, _ := id.(string)
			related, err := of(name)
			if err != nil {
				return nil, err
			}
			found[name] = related
		}
		return found, nil
	}
	return nil, &rpc.Error{Type: "TypeError", Message: fmt.Sprintf("get_related_entities of a %T", entities)}
}

// mayExchange checks that get_data or set_data is allowed for an entity.
func (d *Driver) mayExchange(call, full string) error {
	sid, _, _ := strings.Cut(full, ".")
	switch {
	case !d.stepping:
		return &rpc.Error{Type: "ScenarioError", Message: call + " outside of step()"}
	case !slices.Contains(d.opts.AsyncRequests, sid):
		return &rpc.Error{Type: "ScenarioError", Message: fmt.Sprintf("no connection with async_requests from %s to %s; see Options.AsyncRequests", sid, d.sid)}
	}
	return nil
}

func (d *Driver) getData(_ context.Context, query mosaik.Query) (map[string]map[string]any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	values := make(map[string]map[string]any)
	for full, attrs := range query {
		if err := d.mayExchange("get_data", full); err != nil {
			return nil, err
		}
		values[full] = make(map[string]any)
		for _, attr := range attrs {
			value, ok := d.opts.Data[full][attr]
			if !ok {
				return nil, &rpc.Error{Type: "KeyError", Message: fmt.Sprintf("'%s.%s'; see Options.Data", full, attr)}
			}
			values[full][attr] = value
		}
	}
	return values, nil
}

func (d *Driver) setData(_ context.Context, data map[string]map[string]map[string]any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for source, dests := range data {
		if _, ours := d.local(source); !ours {
			return &rpc.Error{Type: "ScenarioError", Message: fmt.Sprintf("%s is no entity of %s", source, d.sid)}
		}
		for dest := range dests {
			if err := d.mayExchange("set_data", dest); err != nil {
				return err
			}
		}
	}
	d.set = append(d.set, SetData{d.now, data})
	return nil
}

func (d *Driver) setEvent(_ context.Context, time int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.opts.RealTime {
		return &rpc.Error{Type: "SimulationError", Message: "set_event is for simulations in real time; see Options.RealTime"}
	}
	d.events = append(d.events, time)
	return nil
}
