package faulty

import "time"

// Faults say what a [Proxy] does to what it carries. The zero value is to pass
// everything on at once.
type Faults struct {
	// Refuse closes connections as soon as they have been accepted.
	Refuse bool

	Up   Stream // from those who connect to the target
	Down Stream // from the target to them
}

// Both returns the same faults for both directions.
func Both(s Stream) Faults { return Faults{Up: s, Down: s} }

// Stream says what happens to the bytes that go in one direction.
type Stream struct {
	// Cut ends the connection, at both ends, when After bytes have passed
	// since [Proxy.Set], or since the connection was made if that is later.
	// With Random, each connection has a number of its own, After on average.
	Cut    End
	After  int
	Random bool

	// Piece is how many bytes pass at a time at most: each piece is of random
	// size and written on its own. 0 is as they come.
	Piece int

	// Gather is how long bytes are kept, from the first one on, to be written
	// together with those that follow.
	Gather time.Duration

	// Delay is how long each piece is held up at most.
	Delay time.Duration

	// Rate is how many bytes pass in a second. 0 is any number.
	Rate int

	// Stuck stops reading, and keeps what has been read already.
	Stuck bool

	// Swallow takes all bytes and passes none on, as a machine that has
	// vanished seems to do. A connection that has lost bytes in this way
	// carries no more in that direction, also when this has ended.
	Swallow bool
}

// End is a way in which a connection ends.
type End int

// The ways in which a proxy cuts a connection.
const (
	None End = iota
	FIN      // in good order, as if the other end had closed it
	RST      // by a reset
)

// limit is how many bytes pass until the cut. luck is about 1.
func (s *Stream) limit(luck float64) int64 {
	if s.Random {
		return int64(luck * float64(s.After))
	}
	return int64(s.After)
}
