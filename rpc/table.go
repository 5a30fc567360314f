package rpc

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Table lists what a service offers, for services that are put together from
// functions rather than written as one:
//
//	rpc.Table{
//		"add(a, b)": func(a, b float64) float64 { return a + b },
//		"sensors":   rpc.Table{"read(id, unit=\"°C\"): the last value": read},
//		"log":       logService,
//	}
//
// A function, of any shape that [Service.Handle] takes, stands under the text
// of its contract; a *[Service] or a further Table under its name.
type Table map[string]any

// Service makes a service of the table, in the order of the keys. The error
// tells all mistakes in it, each with its path, such as "sensors/read"; a
// service in it that was not mounted before is not mounted then either.
func (t Table) Service() (*Service, error) {
	var b tableBuilder
	s := b.build(t, "")
	if len(b.mistakes) > 0 {
		for _, undo := range b.undo {
			undo()
		}
		return nil, errors.Join(b.mistakes...)
	}
	return s, nil
}

// tableBuilder makes services of a table and the tables in it.
type tableBuilder struct {
	mistakes []error
	undo     []func()
	within   []reflect.Value // the tables that are being built
}

func (b *tableBuilder) build(t Table, path string) *Service {
	s := NewService()
	b.within = append(b.within, reflect.ValueOf(t))
	for _, key := range slices.Sorted(maps.Keys(t)) {
		b.add(s, key, t[key], path)
	}
	b.within = b.within[:len(b.within)-1]
	return s
}

// add adds an entry of the table at path to its service.
func (b *tableBuilder) add(s *Service, key string, value any, path string) {
	var err error
	name := key
	switch value := value.(type) {
	case Table:
		if b.inside(value) {
			err = errors.New("the table contains itself")
			break
		}
		err = b.mount(s, key, b.build(value, path+key+"/"))
	case *Service:
		err = b.mount(s, key, value)
	default:
		name = nameOf(key)
		err = s.TryHandle(key, value)
	}
	if err != nil {
		b.mistakes = append(b.mistakes, fmt.Errorf("%s%s: %w", path, name, err))
	}
}

func (b *tableBuilder) mount(s *Service, name string, sub *Service) error {
	err := s.TryMount(name, sub)
	if err == nil {
		b.undo = append(b.undo, func() { s.Unmount(name) })
	}
	return err
}

// inside reports whether a table is one of those that are being built.
func (b *tableBuilder) inside(t Table) bool {
	v := reflect.ValueOf(t)
	return slices.ContainsFunc(b.within, func(w reflect.Value) bool { return w.Pointer() == v.Pointer() })
}
