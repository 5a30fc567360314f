package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// scene is two neighbours in some deployment: one here, whose code the
// sentences are, and one there.
type scene struct {
	here  *neighbour
	there rpc.Remote // connected to by here
	url   string     // of the one there
}

// addr returns the address of the container there.
func (s *scene) addr() string { return s.url[:strings.LastIndexByte(s.url, '/')] }

// deployment makes neighbours somewhere, and returns their URLs.
type deployment func(t *testing.T, from start) func(t *testing.T) string

// start is what a deployment begins with.
type start struct {
	here   *gomas.Container
	meter  *meter // of here
	addr   string // for another container
	format codec.Codec
}

var deployments = []struct {
	name   string
	scheme string
	deploy deployment
}{
	{"in one container", "tcp", inOneContainer},
	{"in two containers, on tcp", "tcp", inTwoContainers},
	{"in two containers, on a Unix socket", "ipc", inTwoContainers},
	{"in two processes, on tcp", "tcp", inTwoProcesses},
	{"in two processes, on a Unix socket", "ipc", inTwoProcesses},
}

func TestWhereverAnAgentLivesItLooksTheSame(t *testing.T) {
	for _, where := range deployments {
		for _, format := range []codec.Codec{json.Codec{}, msgpack.Codec{}} {
			t.Run(where.name+", as "+format.Name(), func(t *testing.T) {
				address := addresses(t, where.scheme)
				m := newMeter()
				here := meteredContainer(t, m, address(), format)
				next := where.deploy(t, start{here, m, address(), format})
				for _, sentence := range sentences {
					t.Run(sentence.says, func(t *testing.T) { sentence.tell(t, here, m, next(t)) })
				}
			})
		}
	}
}

// tell runs the sentence as code of a new neighbour here.
func (s *sentence) tell(t *testing.T, c *gomas.Container, m *meter, url string) {
	here, err := gomas.Spawn(soon(t), c, m.newNeighbour)
	if err != nil {
		t.Fatal(err)
	}
	if err := here.Do(soon(t), func(ctx context.Context) error {
		there, err := here.Connect(ctx, url)
		if err == nil {
			s.holds(ctx, t, &scene{here, there, url})
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestInALocalNetworkAnAgentLooksTheSame(t *testing.T) {
	for _, there := range []string{"a", "b"} {
		for _, format := range []codec.Codec{json.Codec{}, msgpack.Codec{}} {
			for _, sentence := range sentences {
				t.Run(fmt.Sprintf("%s and a, as %s: %s", there, format.Name(), sentence.says), func(t *testing.T) {
					if err := local.Run(t.Context(), &local.Options{Seed: 1, RealTime: true}, func(ctx context.Context) error {
						return sentence.tellIn(ctx, t, there, format)
					}); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// tellIn runs the sentence in the network of ctx, between container a and there.
func (s *sentence) tellIn(ctx context.Context, t *testing.T, there string, format codec.Codec) error {
	var here *neighbour
	var url string
	containers := make(map[string]*gomas.Container)
	meters := make(map[string]*meter)
	for _, id := range []string{"a", there} {
		c, m := containers[id], meters[id]
		if c == nil {
			m = newMeter()
			opts, err := m.options(format)
			if err == nil {
				c, err = gomas.NewContainer(ctx, "local://"+id, opts)
			}
			if err != nil {
				return err
			}
			containers[id], meters[id] = c, m
		}
		n, err := gomas.Spawn(ctx, c, m.newNeighbour)
		if err != nil {
			return err
		}
		if here == nil {
			here = n
		}
		url = n.URL()
	}
	err := here.Do(ctx, func(ctx context.Context) error {
		remote, err := here.Connect(ctx, url)
		if err == nil {
			s.holds(ctx, t, &scene{here, remote, url})
		}
		return err
	})
	for _, c := range containers {
		err = errors.Join(err, c.Shutdown(ctx))
	}
	return err
}

// addresses returns a function for addresses at which containers can listen.
func addresses(t *testing.T, scheme string) func() string {
	if scheme == "tcp" {
		return func() string { return "tcp://127.0.0.1:0" }
	}
	dir, err := os.MkdirTemp("", "gomas") // its name is short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	names := []string{"a", "b"}
	return func() string {
		name := names[0]
		names = names[1:]
		return "ipc://[" + filepath.Join(dir, name) + "]"
	}
}

// meteredContainer starts a container for neighbours, for as long as the test
// lasts.
func meteredContainer(t *testing.T, m *meter, addr string, format codec.Codec) *gomas.Container {
	opts, err := m.options(format)
	if err != nil {
		t.Fatal(err)
	}
	c, err := gomas.NewContainer(soon(t), addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, c) })
	return c
}

func inOneContainer(_ *testing.T, from start) func(*testing.T) string {
	return neighboursIn(from.here, from.meter)
}

func inTwoContainers(t *testing.T, from start) func(*testing.T) string {
	m := newMeter()
	return neighboursIn(meteredContainer(t, m, from.addr, from.format), m)
}

func neighboursIn(c *gomas.Container, m *meter) func(*testing.T) string {
	return func(t *testing.T) string {
		n, err := gomas.Spawn(soon(t), c, m.newNeighbour)
		if err != nil {
			t.Fatal(err)
		}
		return n.URL()
	}
}

func inTwoProcesses(t *testing.T, from start) func(*testing.T) string {
	opts := in("neighbourhood")
	opts.Addr = from.addr
	p, err := gomas.StartProcess(soon(t), from.here, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Errorf("the process: %v", err)
		}
	})
	return func(t *testing.T) string {
		r, err := p.Spawn(soon(t), "neighbour")
		if err != nil {
			t.Fatal(err)
		}
		return r.URL()
	}
}
