package transport

import "time"

// Link is one end of a connection that carries frames both ways, in order and
// without loss until it ends.
type Link interface {
	// Start begins to deliver frames to r. It is called once. Frames may be
	// sent, and the link may be closed, before.
	Start(r Receiver, limits Limits)

	// Send queues a frame and takes it over. The frame is written soon,
	// together with others that are queued at the time. Frames sent after the
	// end of the link are dropped.
	Send(f *Frame, effort Effort)

	// Full reports whether more bytes are queued than [Limits.Output] allows.
	// Senders should then hold back until [Receiver.Drained]; Send itself
	// accepts any number.
	Full() bool

	// Close ends the link: what is queued is still written, for no longer
	// than linger, and nothing more is delivered. It returns at once. Within
	// linger, and a second, the link also waits for the other end to have
	// read all and to close too.
	Close(linger time.Duration)

	// LocalAddr and RemoteAddr are the addresses of the two ends as far as
	// they are known. The end that dialled has the address that it dialled as
	// the remote one.
	LocalAddr() Addr
	RemoteAddr() Addr
}

// Effort is what a sender may be made to do for the writing, which saves handing it
// to another goroutine.
type Effort uint8

// The efforts.
const (
	Leave Effort = iota // nothing: Send returns at once, and calls nobody
	Try                 // let others run, and write what the socket takes at once
	Write               // write, and so wait until the peer takes it
)

// Resumer is implemented by links that need not wait for [Receiver.Receive] to
// return.
type Resumer interface {
	// Resume delivers what follows on another goroutine, although a call of
	// Receive has not returned. It is called at most once in each, by any
	// goroutine; that call of Receive then returns true, however much later.
	Resume()
}

// Leader is implemented by links that may be read by those who wait for what arrives,
// one after another, which saves handing it over to them: the pattern "Leader and
// Followers" (Schmidt and others, Pattern-Oriented Software Architecture 2).
type Leader interface {
	Resumer

	// Vacate ends the reading, for a call of Receive that then returns true, until
	// Lead or Resume is called. It reports false, and does nothing, if the link
	// cannot be led or something more has arrived.
	Vacate() bool

	// Arrived tells what has come since. It is called instead of Lead, as it were.
	Arrived() Arrival

	// Lead delivers what follows on the calling goroutine, and returns true after
	// a call of Receive that does. It returns false if it is interrupted, or the
	// link is about to end; then the caller calls Resume.
	Lead() bool

	// PutBack has Resume deliver a frame once more, before all others. It is
	// called by Receive in Lead, which then calls Resume and returns true.
	PutBack(f *Frame)

	// Interrupt has Lead return, and disturbs nothing if it is not under way. Any
	// goroutine may call it.
	Interrupt()
}

// Arrival is what has come while nobody reads.
type Arrival uint8

// What may have come.
const (
	Nothing   Arrival = iota
	Something         // but not the end, as far as one can see
	Ended             // the link has ended; or something has come, where one cannot see that
)

// Receiver is what a [Link] reports to. Its methods must not block for long:
// nothing more is received meanwhile.
type Receiver interface {
	// Receive takes over a frame that has arrived. Calls come one after
	// another, in the order in which the frames were sent. It reports
	// whether a [Resumer] was told to resume meanwhile, or a [Leader] to
	// stop.
	Receive(f *Frame) (resumed bool)

	// Drained says that Full has become false again.
	Drained()

	// Closed is the last call, when the link has ended and nothing of it
	// remains: with nil if Close was the reason, io.EOF if the other end
	// closed, a *[FrameError] if it sent something that is no frame, a
	// *[TimeError] if it took too long.
	Closed(err error)
}

// Listener waits for links.
type Listener interface {
	// Addr is the address to dial.
	Addr() Addr
	// Start calls accept for each new link, one after another. It is called
	// once.
	Start(accept func(Link))
	// Close stops accepting. Links that exist are not affected. It returns
	// when no further call of accept can follow.
	Close() error
}
