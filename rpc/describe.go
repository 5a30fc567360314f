package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Description is what a service says about itself.
type Description struct {
	Functions []FunctionInfo `json:"functions" msgpack:"functions"`
	// Services are the names of the services under it. There are at most
	// 1,000 of them; More is how many are left out.
	Services []string `json:"services" msgpack:"services"`
	More     int      `json:"more,omitempty" msgpack:"more,omitempty"`
}

// FunctionInfo describes a function of a service.
type FunctionInfo struct {
	Name    string          `json:"name" msgpack:"name"`
	Params  []ParameterInfo `json:"params" msgpack:"params"`
	Results []string        `json:"results" msgpack:"results"` // their Go types
	Doc     string          `json:"doc,omitempty" msgpack:"doc,omitempty"`
}

// ParameterInfo describes a parameter of a function.
type ParameterInfo struct {
	Name     string `json:"name,omitempty" msgpack:"name,omitempty"` // "" if it is positional only
	Type     string `json:"type" msgpack:"type"`                     // its Go type
	Default  string `json:"default,omitempty" msgpack:"default,omitempty"`
	Variadic bool   `json:"variadic,omitempty" msgpack:"variadic,omitempty"` // it takes all further arguments
}

// describe is the name under which services describe themselves.
const describe = "__describe__"

const maxServices = 1000

// ErrNoDescription is wrapped by the error of [Describe] if the service does
// not describe itself: it is hidden, or of a peer that is not gomas.
var ErrNoDescription = errors.New("rpc: the service does not describe itself")

// Describe asks a service which functions and services it has. It is for tools
// and checks; calls do not need it.
func Describe(ctx context.Context, r Remote) (Description, error) {
	d, err := Call[Description](ctx, r, describe)
	var failure *RemoteError
	if errors.As(err, &failure) && failure.Type == "LookupError" {
		return d, fmt.Errorf("%w: %w", ErrNoDescription, err)
	}
	return d, err
}

// Hide keeps s and the services under it from describing themselves to those
// who ask with [Describe]. They can be called as before. It must be called
// before s is used.
func (s *Service) Hide() { s.configure().hidden = true }

// description is the function under the name describe that every service has
// unless it is hidden.
func (s *Service) description() function {
	return function{describeContract, handleFunc0[Description](func(context.Context) (Description, error) {
		return s.Description(), nil
	})}
}

var describeContract = &contract{name: describe, params: []param{}}

// Description returns what s says about itself, also if it is hidden.
func (s *Service) Description() Description {
	s.mu.RLock()
	defer s.mu.RUnlock()
	funcs := s.functions()
	d := Description{Functions: make([]FunctionInfo, len(funcs)), Services: []string{}}
	for i := range funcs {
		d.Functions[i] = funcs[i].info()
	}
	slices.SortFunc(d.Functions, func(a, b FunctionInfo) int { return cmp.Compare(a.Name, b.Name) })
	n, names := len(s.services), maps.Keys(s.services)
	if c := s.settings().collection; c != nil {
		n, names = c.All()
	}
	if n <= 10*maxServices {
		d.Services = slices.SortedFunc(names, byNumber)
	} else { // any will do: those of a million cannot be sorted for everybody who asks
		for name := range names {
			if len(d.Services) == maxServices {
				break
			}
			d.Services = append(d.Services, name)
		}
		slices.SortFunc(d.Services, byNumber)
	}
	d.Services = d.Services[:min(len(d.Services), maxServices)]
	d.More = n - len(d.Services)
	return d
}

// byNumber sorts "9" before "10".
func byNumber(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func (f *function) info() FunctionInfo {
	s := f.shape()
	info := FunctionInfo{Name: f.name, Doc: f.doc, Params: make([]ParameterInfo, s.params()), Results: make([]string, s.results())}
	for i := range info.Params {
		p := &info.Params[i]
		t := s.param(i)
		if p.Variadic = s.variadic() && i == s.params()-1; p.Variadic {
			t = t.Elem()
		}
		p.Type = typeText(t)
		if f.params != nil {
			p.Name, p.Default = f.params[i].name, string(f.params[i].fallback)
		}
	}
	for i := range info.Results {
		info.Results[i] = typeText(s.result(i))
	}
	return info
}

// typeText names a type as Go programs write it.
func typeText(t reflect.Type) string {
	if t == reflect.TypeFor[any]() {
		return "any"
	}
	return t.String()
}
