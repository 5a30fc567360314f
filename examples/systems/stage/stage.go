package stage

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
)

// Stage is the containers of a plan. Its methods must not be called at the same
// time.
type Stage struct {
	containers []*gomas.Container
	spawn      []func(ctx context.Context, name string, args ...any) (rpc.Remote, error)
	spawned    int
}

// Open starts the containers of a plan, each with a manager that makes agents of
// the types that register makes known. [Stage.Close] ends them.
func Open(ctx context.Context, p Plan, register func(*gomas.Factories) error) (*Stage, error) {
	var factories gomas.Factories
	if err := register(&factories); err != nil {
		return nil, err
	}
	s := new(Stage)
	if err := s.open(ctx, p, &factories); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, p Plan, factories *gomas.Factories) error {
	if len(p.Addrs) == 0 {
		return errNoAddrs
	}
	if p.Spawn != nil {
		s.spawn = append(s.spawn, p.Spawn)
		p.Addrs = p.Addrs[:1]
	}
	for _, addr := range p.Addrs {
		c, err := gomas.NewContainer(ctx, addr, p.Options)
		if err != nil {
			return err
		}
		s.containers = append(s.containers, c)
		if p.Spawn != nil {
			return nil
		}
		if _, err := gomas.Spawn(ctx, c, gomas.NewManager(factories)); err != nil {
			return err
		}
		manager, err := s.home().Connect(ctx, c.Addr()+"/0")
		if err != nil {
			return err
		}
		s.spawn = append(s.spawn, gomas.ManagerAt(manager).Spawn)
	}
	return nil
}

var errNoAddrs = errors.New("stage: a plan without the address of a container")

// home is the container from which the agents are spoken to.
func (s *Stage) home() *gomas.Container { return s.containers[0] }

// Spawn makes an agent by the name and with the arguments of a factory, in one
// container after the other.
func (s *Stage) Spawn(ctx context.Context, name string, args ...any) (rpc.Remote, error) {
	spawn := s.spawn[s.spawned%len(s.spawn)]
	s.spawned++
	return spawn(ctx, name, args...)
}

// Clock returns the clock of the containers.
func (s *Stage) Clock() clock.Clock { return s.home().Clock() }

// Sleep pauses by the clock of the containers.
func (s *Stage) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, s.Clock(), d)
}

// Close shuts the containers down, the youngest first.
func (s *Stage) Close(ctx context.Context) error {
	var errs []error
	for _, c := range slices.Backward(s.containers) {
		errs = append(errs, c.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
