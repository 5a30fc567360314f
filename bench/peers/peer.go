// Package peers makes the libraries that are compared look alike: each of them
// adds two numbers and echoes texts for callers who share a connection.
package peers

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gomas/gomas/clock"
)

// Place says how callers and callees are connected. Both are in this process.
type Place string

// The places.
const (
	TCP    Place = "tcp"    // a TCP connection on the loopback interface
	IPC    Place = "ipc"    // a Unix socket
	Inside Place = "inside" // no connection: both are values of one program
	Local  Place = "local"  // a connection in a network of gomas inside the program
)

// Limit is the place whose limit is that of p: a local network has none of its
// own, and is inside the program.
func (p Place) Limit() Place {
	if p == Local {
		return Inside
	}
	return p
}

// A Peer is a library in one way of using it.
type Peer struct {
	Place Place
	Name  string // unique in its place

	Limit bool // no library, but what any would be measured against
	Ours  bool

	// Basic libraries offer less than the others: no contexts, no time-outs.
	Basic bool

	// Open starts what is called.
	Open func(ctx context.Context) (Server, error)

	// Timeout bounds each call that is made with the context it returns. It is
	// nil for libraries that only know deadlines of contexts.
	Timeout func(ctx context.Context, d time.Duration) context.Context

	// Contexts says that a call ends with its context.
	Contexts bool

	// Connections says that Dial makes a new connection each time.
	Connections bool

	// Crowd makes n idle actors, of which each can add; nil for libraries
	// without actors. Closing ends them.
	Crowd func(ctx context.Context, n int) (io.Closer, error)
}

// String returns the name with the place: "tcp/gomas contract, JSON".
func (p *Peer) String() string { return string(p.Place) + "/" + p.Name }

// WithTimeout bounds calls by the end of a context. It is context.WithTimeout,
// but in a local network, which has a time of its own, clock.WithTimeout.
func (p *Peer) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if p.Place == Local {
		return clock.WithTimeout(ctx, clock.For(ctx), d)
	}
	return context.WithTimeout(ctx, d)
}

// A Server is what is called.
type Server interface {
	// Dial opens a connection that a number of callers are going to share.
	Dial(ctx context.Context, callers int) (Conn, error)
	// Close ends everything, connections included.
	Close() error
}

// A Conn is a connection to a Server.
type Conn interface {
	// Caller returns one of those who share the connection.
	Caller(ctx context.Context) (Caller, error)
	Close() error
}

// A Caller makes one call after another.
type Caller interface {
	Add(ctx context.Context, a, b int) (int, error)
	Echo(ctx context.Context, text string) (string, error)
}

// An Inhabitant is a Caller that can call only from within something, such as an
// agent or a network: fn runs there, with the context to call with. Within
// returns when fn has.
type Inhabitant interface {
	Within(ctx context.Context, fn func(ctx context.Context)) error
}

// All returns the peers, in the order in which tables list them.
func All() []*Peer {
	return slices.Concat(limits(), gomases(), others())
}

func others() []*Peer {
	return []*Peer{
		{Place: TCP, Name: "grpc-go, stream", Open: openGRPCStream, Connections: true},
		{Place: TCP, Name: "grpc-go, unary", Open: openGRPCUnary, Connections: true, Contexts: true},
		{Place: TCP, Name: "connect", Open: openConnect, Connections: true, Contexts: true},
		{Place: TCP, Name: "net/rpc, gob", Open: openNetRPC(gobFormat), Connections: true, Basic: true},
		{Place: TCP, Name: "net/rpc, JSON", Open: openNetRPC(jsonFormat), Connections: true, Basic: true},
		{Place: TCP, Name: "jrpc2", Open: openJRPC2, Connections: true, Contexts: true},
		{Place: TCP, Name: "NATS", Open: openNATS, Connections: true, Contexts: true},
		{Place: TCP, Name: "protoactor-go", Open: openProtoActor},
		{Place: Inside, Name: "protoactor-go", Open: openProtoActorInside, Crowd: crowdOfProtoActor},
	}
}

// Find returns the peer that prints as a name.
func Find(name string) (*Peer, error) {
	for _, p := range All() {
		if p.String() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no peer %q", name)
}

// Terms are two integers to add, as libraries send them that take values of Go.
// It is exported because net/rpc takes no other arguments.
type Terms struct{ A, B int }

// text is a text to echo, for libraries whose arguments are structs.
type text struct{ Text string }

// closers are closed in the reverse order; all are, and the first error counts.
type closers []func() error

func (cs *closers) add(fn func() error) { *cs = append(*cs, fn) }

func (cs *closers) Close() (err error) {
	for _, fn := range slices.Backward(*cs) {
		if e := fn(); err == nil {
			err = e
		}
	}
	return err
}
