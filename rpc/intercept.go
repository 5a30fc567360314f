package rpc

import (
	"context"
	"errors"
)

// Interceptor is code around calls: for logs, metrics, tracing, authorization,
// at the caller or at the callee. It calls next to have the call made, or
// executed, with the context it passes on, and returns the error of that or
// another one; without next, the call does not happen. It calls next at most
// once, unless the call is an outgoing one that may be repeated.
//
// Around incoming calls it runs in the turn of the function, if that has one.
type Interceptor func(ctx context.Context, call Info, next func(context.Context) error) error

// Info tells an [Interceptor] about a call.
type Info struct {
	Path string // of the function: "sub/add"

	// Conn is the connection over which an incoming call came. It knows the
	// peer's address and verified certificate. It is nil for outgoing calls,
	// and for those from within this program; see [Service.Remote].
	Conn *Conn

	// Remote is the service that an outgoing call is for.
	Remote Remote
}

// Intercept puts interceptors around the calls of the functions of s and of
// the services under it, the first one outermost. It must be called before s
// is used.
func (s *Service) Intercept(with ...Interceptor) {
	if len(with) > 0 {
		set := s.configure()
		set.around = append(set.around, with...)
	}
}

// Intercept puts interceptors around the calls that are made on this end, the
// first one outermost. It must be called before the connection is used.
func (c *Conn) Intercept(with ...Interceptor) { c.around = append(c.around, with...) }

// Intercept puts interceptors around the calls that are made with c, the first
// one outermost. A call that is repeated is one call. It must be called before
// the client is used.
func (c *Client) Intercept(with ...Interceptor) { c.around = append(c.around, with...) }

// Intercepted is implemented by peers that have interceptors put around the
// calls of their services.
type Intercepted interface {
	Peer
	Interceptors() []Interceptor
}

// Interceptors implements [Intercepted].
func (c *Conn) Interceptors() []Interceptor { return c.around }

// Interceptors implements [Intercepted].
func (c *Client) Interceptors() []Interceptor { return c.around }

// intercept runs last inside the interceptors.
func intercept(ctx context.Context, around []Interceptor, info Info, last func(context.Context) error) error {
	if len(around) == 0 {
		return last(ctx)
	}
	return around[0](ctx, info, func(ctx context.Context) error {
		return intercept(ctx, around[1:], info, last)
	})
}

var errTwice = errors.New("rpc: an interceptor called next twice")
