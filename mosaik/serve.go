package mosaik

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// Join takes part in the simulation of the mosaik that listens at an address,
// "localhost:5555" or "tcp://localhost:5555": the way of "cmd" in mosaik's
// sim_config. It returns when the simulation is over and the simulator has
// stopped: nil if mosaik has stopped it, the error of a method if one has failed, a
// *[LostError] if mosaik was lost, the error of ctx if that has ended first. A simulator whose meta has mistakes is
// refused before.
func Join(ctx context.Context, addr string, sim Simulator, opts *Options) error {
	c, err := newComponent(sim, opts)
	if err != nil {
		return err
	}
	defer c.end(nil)
	url, err := address(addr)
	if err != nil {
		return err
	}
	conn, err := rpc.Dial(ctx, url, c.svc, Wire(c.opts.Limits))
	if err != nil {
		return fmt.Errorf("mosaik: join %s: %w; is it the address that mosaik has put for %%(addr)s?", addr, err)
	}
	c.opts.Logger.Info("connected to mosaik", "address", addr)
	conn.Channel().OnEnd(c.lose)
	err = c.serve(ctx)
	return errors.Join(err, c.close(ctx, conn.Shutdown, conn.Close))
}

// close closes what connects to mosaik; what is being answered still is.
func (c *component) close(ctx context.Context, shutdown func(context.Context) error, cut func() error) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Grace)
	defer cancel()
	if err := shutdown(grace); err != nil {
		// What hangs has been reported.
		return cut()
	}
	return nil
}

// Server is a simulator that mosaik connects to: the way of "connect" in
// mosaik's sim_config. It takes part in one simulation.
type Server struct {
	component *component
	server    *rpc.Server
}

// Listen has a simulator listen at an address, "localhost:5555" or
// "tcp://localhost:5555", where port 0 is any free one. mosaik connects once,
// so it is to be started afterwards. A simulator whose meta has mistakes is
// refused.
func Listen(ctx context.Context, addr string, sim Simulator, opts *Options) (*Server, error) {
	c, err := newComponent(sim, opts)
	if err != nil {
		return nil, err
	}
	url, err := address(addr)
	if err != nil {
		return nil, err
	}
	srv, err := rpc.Listen(ctx, url, c.svc, Wire(c.opts.Limits))
	if err != nil {
		return nil, fmt.Errorf("mosaik: listen at %s: %w", addr, err)
	}
	s := &Server{c, srv}
	c.opts.Logger.Info("waiting for mosaik", "connect", s.Addr())
	return s, nil
}

// Addr returns the address for "connect": "localhost:5555".
func (s *Server) Addr() string {
	a, err := transport.ParseAddr(s.server.Addr())
	if err != nil {
		return s.server.Addr()
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port)))
}

// address returns the URL of an address as mosaik writes it.
func address(addr string) (string, error) {
	if !strings.Contains(addr, "://") {
		addr = "tcp://" + addr
	}
	if _, err := transport.ParseAddr(addr); err != nil {
		return "", fmt.Errorf("mosaik: %w", err)
	}
	return addr, nil
}

// Serve waits for a simulation, takes part in it, and returns as [Join] does. A
// connection on which nobody says init or stop is none. Serve must be called
// once.
func (s *Server) Serve(ctx context.Context) error {
	defer s.component.end(nil)
	err := s.component.serve(ctx)
	return errors.Join(err, s.component.close(ctx, s.server.Shutdown, s.server.Close))
}
