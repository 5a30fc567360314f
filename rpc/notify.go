package rpc

import (
	"context"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// Notify calls a function and does not wait until it has been executed. What
// it returns is dropped; if it fails, that is logged to [Options.Logger] at
// level warn, at the caller, and nobody is told otherwise. The callee sees a
// call like any other, which its caller does not give up.
//
// An error says that the call was not made. Without one it may still be lost
// with the connection. Where many notifications have not been executed yet,
// Notify waits for this one, so that a fast caller does not overrun the callee;
// ctx bounds that, and the time to connect. Those who mind how long that takes
// should have no more than a thousand under way.
//
// Notifications and calls over one connection begin in the order in which they
// were made, where the service has a turn.
func Notify(ctx context.Context, r Remote, name string, args ...any) error {
	return r.notify(ctx, untyped(r, name, args), nil)
}

// notifyContract is Notify for the function that a contract names. args point to
// some of its variables.
func (r Remote) notifyContract(ctx context.Context, contract string, vars variables, args []any) error {
	return r.notify(ctx, &codec.Call{Service: r.path, Name: nameOf(contract), Args: args}, vars)
}

func (r Remote) notify(ctx context.Context, m *codec.Call, vars variables) error {
	if r.peer == nil {
		return errNoPeer
	}
	tell := func(ctx context.Context) error {
		if own := inner(r.peer); own != nil {
			return own.tell(ctx, m, vars)
		}
		return channel.Persist(ctx, func() error {
			conn, err := r.peer.Connect(ctx)
			if err != nil {
				return err
			}
			return conn.ch.Tell(ctx, m)
		})
	}
	if i, ok := r.peer.(Intercepted); ok {
		return intercept(ctx, i.Interceptors(), Info{Path: m.Path(), Remote: r}, tell)
	}
	return tell(ctx)
}
