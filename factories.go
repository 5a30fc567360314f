package gomas

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/gomas/gomas/rpc"
)

// Factories are types of agents that can be made by name: for others, by a
// [Manager], or from a configuration. The zero value has none. Its methods may
// be called from any number of goroutines.
type Factories struct {
	mu     sync.RWMutex
	byName map[string]*factory
}

// factory makes agents of one type.
type factory struct {
	typeName  string
	construct *rpc.Function
}

// Register adds a type of agents under the name in a text, which is that of a
// contract, see [rpc.Service.Handle]:
//
//	err := factories.Register("house(size, rooms=3)", NewHouse)
//
//	func NewHouse(ctx context.Context, a *gomas.Agent, size float64, rooms int) (*House, error)
//
// The constructor is as for [Spawn], with any number of further parameters:
// those that the text names. It may leave the context out. The arguments are
// decoded straight into the parameters.
//
// The name may have colons and points, as Python's "energy.house:House(size)"
// has; a colon after which a text about the type follows needs a space then.
//
// The error tells what is wrong with the text or the constructor, or that the
// name is taken.
func (f *Factories) Register(text string, constructor any) error {
	name, contract := cutModule(text)
	made, err := newFactory(contract, constructor)
	if err != nil {
		return fmt.Errorf("gomas: factory %q: %w", text, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byName[name] != nil {
		return fmt.Errorf("gomas: factory %q: there is one of the name %q already", text, name)
	}
	if f.byName == nil {
		f.byName = make(map[string]*factory)
	}
	f.byName[name] = made
	return nil
}

func newFactory(contract string, constructor any) (*factory, error) {
	construct, err := rpc.NewFunction(contract, constructor, reflect.TypeFor[*Agent]())
	if err != nil {
		return nil, err
	}
	t := reflect.TypeOf(constructor)
	if t.NumOut() != 2 || t.Out(1) != reflect.TypeFor[error]() {
		return nil, fmt.Errorf("a constructor returns the agent and an error, and this is a %v", t)
	}
	return &factory{nameOfType(t.Out(0)), construct}, nil
}

// cutModule returns the name that a text is for, and the contract in it: the
// text without what comes before the last colon of the name.
func cutModule(text string) (name, contract string) {
	name = text
	if end := strings.IndexAny(text, "( "); end >= 0 {
		name = text[:end]
	}
	if !strings.HasPrefix(text[len(name):], "(") {
		name = strings.TrimSuffix(name, ":") // which begins a text about the type
	}
	return name, text[strings.LastIndexByte(name, ':')+1:]
}

// Names returns the names of the types, sorted.
func (f *Factories) Names() []string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Sorted(maps.Keys(f.byName))
}

// Spawn makes an agent of the type of a name, as [Spawn] does. An unknown name
// and arguments that do not fit are an *[rpc.Error], a LookupError or a
// TypeError, and no id is used up.
func (f *Factories) Spawn(ctx context.Context, c *Container, name string, args rpc.Arguments) (*Agent, error) {
	made, err := f.find(name)
	if err != nil {
		return nil, err
	}
	bound, err := made.construct.Bind(args)
	if err != nil {
		return nil, err
	}
	var agent *Agent
	_, err = c.spawn(ctx, "", made.typeName, func(ctx context.Context, a *Agent) (any, error) {
		agent = a
		results, err := bound.Call(ctx, a)
		if err != nil {
			return nil, err
		}
		return results[0], nil
	})
	if err != nil {
		return nil, err
	}
	return agent, nil
}

func (f *Factories) find(name string) (*factory, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if made := f.byName[name]; made != nil {
		return made, nil
	}
	known := "none are known"
	if len(f.byName) > 0 {
		known = "known are " + strings.Join(slices.Sorted(maps.Keys(f.byName)), ", ")
	}
	return nil, &rpc.Error{Type: "LookupError", Message: fmt.Sprintf("no type of agents has the name %.80q; %s", name, known)}
}

var errNoFactories = errors.New("gomas: a manager needs Factories")
