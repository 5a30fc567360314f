package gomas

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/gomas/gomas/turn"
)

// Spawn makes an agent in a container. construct gets a new Agent, to be
// embedded in what it returns, and registers the agent's functions. It runs in
// the agent's turn and may call, connect and sleep with the context it is
// given, which is ctx with that turn.
//
// The agent can be reached once construct has returned without an error. Then
// its [Agent.OnStart] functions run. If one of all these fails or panics,
// nothing of the agent remains.
//
// T is the agent's type; its name is what the agent prints as and what peers
// learn about it. The agent's id is the next number that the container has not
// used yet: "0", "1", …
func Spawn[T any](ctx context.Context, c *Container, construct func(context.Context, *Agent) (T, error)) (T, error) {
	return spawn(ctx, c, "", construct)
}

// SpawnAs is Spawn with an id of the caller's choice: a text that is not empty,
// no number, and without a slash. An id is never used again, even if its agent
// has stopped.
func SpawnAs[T any](ctx context.Context, c *Container, id string, construct func(context.Context, *Agent) (T, error)) (T, error) {
	if err := checkID(id); err != nil {
		var none T
		return none, fmt.Errorf("gomas: spawn: %w", err)
	}
	return spawn(ctx, c, id, construct)
}

func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("the id is empty")
	case strings.ContainsAny(id, "/() ?#"):
		return fmt.Errorf("the id %q holds a slash, a parenthesis, a blank, a question mark or a number sign", id)
	}
	if _, err := strconv.ParseFloat(id, 64); err == nil {
		return fmt.Errorf("the id %q is a number; those are given in order", id)
	}
	return nil
}

func spawn[T any](ctx context.Context, c *Container, id string, construct func(context.Context, *Agent) (T, error)) (agent T, err error) {
	self, err := c.spawn(ctx, id, nameOfType(reflect.TypeFor[T]()), func(ctx context.Context, a *Agent) (any, error) {
		return construct(ctx, a)
	})
	if err == nil {
		agent, _ = self.(T) // nil if T is an interface and the constructor returned nil
	}
	return agent, err
}

// spawn is Spawn for a type that is known by its name. It returns what the
// constructor does.
func (c *Container) spawn(ctx context.Context, id, typeName string, construct func(context.Context, *Agent) (any, error)) (self any, err error) {
	a, err := c.newAgent(typeName, id)
	if err != nil {
		return nil, fmt.Errorf("gomas: spawn: %w", err)
	}
	done := false
	defer func() { // also after a panic
		if !done {
			c.drop(a)
		}
		a.leave()
	}()
	// A caller that is an agent gives its own turn up meanwhile.
	misuse := turn.Leave(ctx, func() {
		own := turn.With(ctx, &a.turn)
		err = a.run(func() (err error) {
			self, err = construct(own, a)
			return err
		})
		if err == nil {
			err = c.register(a, self)
		}
		if err == nil {
			err = a.run(func() error { return a.started(own) })
		}
		if err == nil && a.Stopped() {
			err = a.life.Cause()
		}
	})
	if misuse != nil {
		err = misuse
	}
	if err != nil {
		return nil, fmt.Errorf("gomas: spawn %s: %w", a.typeName, err)
	}
	done = true
	return self, nil
}

func nameOfType(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name := t.Name(); name != "" {
		return name
	}
	return "Agent"
}

// newAgent makes an agent with an id, or with the next number, which is not
// used again even if the constructor fails.
func (c *Container) newAgent(typeName, id string) (*Agent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	a := &Agent{container: c, id: id, typeName: typeName}
	if id == "" {
		a.id = strconv.Itoa(c.nextID)
		c.nextID++
	} else {
		if c.named[id] {
			return nil, fmt.Errorf("the id %q has been used already", id)
		}
		if c.named == nil {
			c.named = make(map[string]bool)
		}
		c.named[id] = true
	}
	if c.group != nil {
		a.turn.Join(c.group, a)
	}
	if c.by != nil {
		a.turn.UseScheduler(c.by)
	}
	if c.opts.CheckTurns {
		a.turn.Check()
	}
	a.services.UseTurn(&a.turn)
	a.services.Bound(c.opts.MaxWaiting, c.opts.Overload)
	if err := c.tree.Reserve(a.id, &a.services); err != nil {
		return nil, err
	}
	c.roster.add(a)
	a.tasks, c.tasks = 1, c.tasks+1 // its making
	return a, nil
}

// register makes an agent, whose value is self, reachable.
func (c *Container) register(a *Agent, self any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case a.end != nil:
		return ErrStopped
	}
	a.self = self
	c.roster.admit(a)
	c.arrived(a)
	return nil
}

// drop ends what there is of an agent whose making has failed.
func (c *Container) drop(a *Agent) {
	c.roster.remove(a)
	a.services.Close(fmt.Errorf("%v: %w", a, ErrStopped))
	a.life.Come(context.Canceled, ErrStopped)
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.end == nil {
		a.end = new(ending)
		a.end.done.Set(nil)
	}
}

// missing is why there is no agent with an id, nil if there never was one.
func (c *Container) missing(id string) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.used(id) {
		return fmt.Errorf("%s/%s: %w", c.Addr(), id, ErrStopped)
	}
	return nil
}

// used reports whether an id, which no agent has now, was that of one. c.mu is
// held.
func (c *Container) used(id string) bool {
	n, err := strconv.Atoi(id)
	numbered := err == nil && n >= 0 && n < c.nextID && strconv.Itoa(n) == id
	return (c.named[id] || numbered) && !c.roster.making(id)
}
