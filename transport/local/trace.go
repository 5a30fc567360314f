package local

import (
	"sync"
	"time"
)

// Kind is the kind of an [Event].
type Kind string

// The kinds of events.
const (
	Frame     Kind = "frame"     // a frame is delivered, or lost
	Connect   Kind = "connect"   // a connection is made, or refused
	Close     Kind = "close"     // a connection has ended
	Listen    Kind = "listen"    // a container can be dialled
	Partition Kind = "partition" // the network is divided
	Heal      Kind = "heal"      // it is one again
	Crash     Kind = "crash"     // a container has crashed
	Restart   Kind = "restart"   // it is started again
	Note      Kind = "note"      // something that the program says
)

// Event is something that has happened in a [Network].
type Event struct {
	N    uint64        // its number, from 0
	Time time.Duration // when it happened, on the clock of the network
	Sent time.Duration // frames and connections: when that was begun
	Kind Kind
	From string // id of the container
	To   string
	Link int // number of the connection

	// Of frames.
	Message string // request, result, failure, cancel or hello
	ID      uint64 // of the request
	Path    string // of the function, if the request is a call
	Size    int    // in bytes, with the header

	Outcome string // why a frame or an attempt did not arrive, "" if it did
	Note    string
}

// Trace records what happens in a network.
type Trace struct {
	mu     sync.Mutex
	events []Event
}

func (n *Network) record(e Event) {
	if n.trace == nil {
		return
	}
	e.Time = n.world.Clock().Now()
	n.trace.add(e)
}

func (t *Trace) add(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.N = uint64(len(t.events))
	t.events = append(t.events, e)
}

func (t *Trace) frame(e *end, p packet) {}
