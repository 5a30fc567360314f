package mosaik

import (
	"fmt"
	"iter"
	"reflect"
)

// Entities are entities of one type E of the program, a struct whose fields are
// the attributes, see [ModelOf]. The zero value has none. It belongs to the turn
// of the simulator.
type Entities[E any] struct {
	ids  []string
	byID map[string]*E
}

// Add adds an entity, and returns it as [Simulator.Create] does. An id that is
// there already is an error.
func (s *Entities[E]) Add(id string, e *E) (Entity, error) {
	if s.byID[id] != nil {
		return Entity{}, fmt.Errorf("mosaik: there is an entity %q already; give each an id of its own", id)
	}
	if s.byID == nil {
		s.byID = make(map[string]*E)
	}
	s.ids = append(s.ids, id)
	s.byID[id] = e
	return Entity{ID: id}, nil
}

// Len returns how many there are.
func (s *Entities[E]) Len() int { return len(s.ids) }

// Get returns the entity with an id, nil if there is none.
func (s *Entities[E]) Get(id string) *E { return s.byID[id] }

// All yields the entities with their ids, in the order of their adding.
func (s *Entities[E]) All() iter.Seq2[string, *E] {
	return func(yield func(string, *E) bool) {
		for _, id := range s.ids {
			if !yield(id, s.byID[id]) {
				return
			}
		}
	}
}

// Take puts the inputs of a step into the fields of the entities; what has no
// value in this step is left as it is. Inputs of other entities are not looked
// at.
func (s *Entities[E]) Take(inputs Inputs) error {
	shape, err := taggedOf(reflect.TypeFor[E]())
	if err != nil {
		return err
	}
	for id, e := range s.All() {
		if err := shape.take(reflect.ValueOf(e).Elem(), inputs[id]); err != nil {
			return fmt.Errorf("entity %s: %w", id, err)
		}
	}
	return nil
}

// Give adds what a query asks for of these entities to outputs: the values of
// the fields. A field that is a nil pointer is no event.
func (s *Entities[E]) Give(query Query, outputs *Outputs) error {
	shape, err := taggedOf(reflect.TypeFor[E]())
	if err != nil {
		return err
	}
	for id, e := range s.All() {
		values, err := shape.give(reflect.ValueOf(e).Elem(), query[id])
		if err != nil {
			return fmt.Errorf("entity %s: %w", id, err)
		}
		for attr, value := range values {
			outputs.Put(id, attr, value)
		}
	}
	return nil
}
