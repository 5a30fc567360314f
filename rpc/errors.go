package rpc

import (
	"fmt"

	"github.com/gomas/gomas/channel"
)

// Error is a failure with a type name that a handler chooses; see
// [channel.Error].
type Error = channel.Error

// RemoteError is a failure of a handler at the peer; see
// [channel.RemoteError].
type RemoteError = channel.RemoteError

// PanicError is a panic that became an error: that of a handler, whose caller
// gets it as a *[RemoteError] with the stack as its trace, or of a function
// given to [Each].
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Trace returns the stack, to be sent with the failure.
func (e *PanicError) Trace() string { return e.Stack }
