package mosaik

import (
	"errors"
	"fmt"

	"github.com/gomas/gomas/rpc"
)

// Error is a failure with the name of a type, which is that of an exception in
// mosaik's log. A method of a [Simulator] that returns one chooses the name.
type Error = rpc.Error

// RemoteError is a failure that mosaik has answered a request of a [World] with:
// the type of its exception, such as "ScenarioError", the message and the trace.
type RemoteError = rpc.RemoteError

// ErrStopped is the cause with which the contexts of a simulator's methods end
// when mosaik has stopped the simulation.
var ErrStopped = errors.New("mosaik: the simulation has been stopped")

// ErrOutside is wrapped by the error of a request that was made when mosaik does
// not answer it.
var ErrOutside = errors.New("mosaik answers that only while it waits for the simulator")

// LostError reports that mosaik was lost, without having stopped the simulation.
type LostError struct {
	During string // the calls that were being worked on, such as "step", "" if none was
	Err    error
}

func (e *LostError) Error() string {
	during := "between two calls"
	if e.During != "" {
		during = "during " + e.During
	}
	return fmt.Sprintf("mosaik: mosaik was lost %s, without a stop: %v; see its log for the reason", during, e.Err)
}

// Unwrap returns Err.
func (e *LostError) Unwrap() error { return e.Err }

func valueError(format string, args ...any) error {
	return &Error{Type: "ValueError", Message: fmt.Sprintf(format, args...)}
}

func lookupError(format string, args ...any) error {
	return &Error{Type: "LookupError", Message: fmt.Sprintf(format, args...)}
}
