package local

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gomas/gomas/codec"
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
	Note      Kind = "note"      // something that the program has said
)

// Event is something that has happened in a [Network].
type Event struct {
	N    uint64        `json:"n"`              // its number, from 0
	Time time.Duration `json:"time"`           // when it happened, on the clock of the network
	Sent time.Duration `json:"sent,omitempty"` // frames, connections: when that was begun
	Kind Kind          `json:"kind"`
	From string        `json:"from,omitempty"` // id of a container, or Program
	To   string        `json:"to,omitempty"`
	Link int           `json:"link,omitempty"` // number of the connection

	// Of frames.
	Message string `json:"message,omitempty"` // request, result, failure, cancel or hello
	ID      uint64 `json:"id,omitempty"`      // of the request
	Path    string `json:"path,omitempty"`    // of the function, if the request is a call
	Content string `json:"content,omitempty"` // arguments or result, as JSON, cut if it is long
	Size    int    `json:"size,omitempty"`    // in bytes, with the header

	Outcome string `json:"outcome,omitempty"` // why it did not arrive, "" if it did
	Note    string `json:"note,omitempty"`
}

// All is what a [Trace] keeps that keeps every event.
const All = -1

// Trace records what happens in one network: how much of it is kept is for
// [NewTrace] to say, and a hash of everything. Two runs with the same hash were
// the same. It may be read at any time.
type Trace struct {
	keep int

	mu     sync.Mutex
	n      uint64
	hash   uint64
	events []Event // if not all are kept, a ring
}

// NewTrace returns a trace that keeps the last events, so many of them, or [All],
// or none.
func NewTrace(keep int) *Trace { return &Trace{keep: keep} }

// Len returns how many events there were.
func (t *Trace) Len() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// Hash returns the hash of everything that has happened.
func (t *Trace) Hash() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hash
}

// Events returns the events that were kept, in their order.
func (t *Trace) Events() []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	events := make([]Event, 0, len(t.events))
	at := 0
	if t.keep > 0 && len(t.events) == t.keep {
		at = int(t.n % uint64(t.keep))
	}
	return append(append(events, t.events[at:]...), t.events[:at]...)
}

// Note adds a note to the trace of the network, if it has one.
func (n *Network) Note(text string) { n.record(Event{Kind: Note, Note: text}) }

// Trace returns the trace of the network, nil if it has none.
func (n *Network) Trace() *Trace { return n.trace }

// record adds an event to the trace, if there is one.
func (n *Network) record(e Event) {
	if t := n.trace; t != nil {
		e.Time = n.world.Clock().Now()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.mix(uint64(e.Time))
		t.mix(uint64(e.Sent))
		t.mix(uint64(e.Link))
		for _, s := range [...]string{string(e.Kind), e.From, e.To, e.Outcome, e.Note} {
			t.mix(uint64(len(s)))
			t.mixBytes([]byte(s))
		}
		t.add(e)
	}
}

// frame adds the delivery of a frame to an end, or its loss.
func (n *Network) frame(e *end, p packet, outcome string) {
	t := n.trace
	if t == nil {
		return
	}
	now := n.world.Clock().Now()
	direction := uint64(e.link.id) << 1
	if e == &e.link.ends[1] {
		direction |= 1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mix(uint64(now))
	t.mix(uint64(p.sent)<<16 ^ direction ^ uint64(len(outcome))<<56)
	t.mixBytes(p.frame.Payload())
	if t.keep == 0 {
		t.n++
		return
	}
	event := Event{
		Time: now, Sent: p.sent, Kind: Frame, From: e.remote.Host, To: e.local.Host, Link: e.link.id,
		Size: len(p.frame.B), Outcome: outcome,
	}
	e.describe(p.frame.Payload(), &event)
	t.add(event)
}

// add keeps an event. t.mu is held.
func (t *Trace) add(e Event) {
	e.N = t.n
	t.n++
	switch {
	case t.keep < 0 || len(t.events) < t.keep:
		t.events = append(t.events, e)
	case t.keep > 0:
		t.events[e.N%uint64(t.keep)] = e
	}
}

// mix adds a number to the hash: a round of multiplication and shift, as in
// FNV-1a and splitmix64.
func (t *Trace) mix(x uint64) {
	h := (t.hash ^ x) * 0x9e3779b97f4a7c15
	t.hash = h ^ h>>29
}

func (t *Trace) mixBytes(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		t.mix(binary.LittleEndian.Uint64(b))
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		t.mix(binary.LittleEndian.Uint64(last[:]) ^ uint64(len(b))<<56)
	}
}

// longestContent is how many bytes of the content an event keeps.
const longestContent = 240

// describe says what a frame means that comes in at e, as far as that can be
// known. Its content may be anything.
func (e *end) describe(payload []byte, event *Event) {
	if e.codec == nil {
		return
	}
	if p, ok := e.codec.(codec.Packer); ok {
		plain, err := p.Unpack(nil, payload, math.MaxInt32)
		if err != nil {
			return
		}
		payload = plain
	}
	envelope := codec.Envelope(e.codec)
	h, content, err := envelope.ScanMessage(payload)
	if err != nil {
		return
	}
	event.Message, event.ID = h.Kind.String(), h.ID
	switch h.Kind {
	case codec.Request:
		if path, args, kwargs, err := envelope.ScanCall(content); err == nil {
			event.Path = string(path)
			event.Content = e.text(args)
			if kwargs != nil {
				event.Content += " " + e.text(kwargs)
			}
			if e.calls == nil {
				e.calls = make(map[uint64]string)
			}
			e.calls[h.ID] = event.Path
		}
	case codec.Result, codec.Failure:
		event.Path = e.peer.calls[h.ID]
		delete(e.peer.calls, h.ID)
	case codec.Cancel:
		event.Path = e.calls[h.ID]
	}
	if event.Content == "" {
		event.Content = e.text(content)
	}
}

// text returns content as JSON.
func (e *end) text(content codec.Raw) string {
	text := []byte(content)
	if e.codec.Name() != "json" {
		var v any
		if err := e.codec.Parse(content, &v, anyTypes()); err != nil {
			return "?"
		}
		var err error
		if text, err = json.Marshal(withPairs(v)); err != nil {
			return "?"
		}
	}
	if len(text) > longestContent {
		end := longestContent
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		return string(text[:end]) + "…"
	}
	return string(text)
}
