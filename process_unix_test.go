//go:build !windows

package gomas_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

func TestASignalEndsAProcessWell(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			p := process(t, container(t), "")
			system, err := os.FindProcess(p.PID())
			if err == nil {
				err = system.Signal(signal)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Wait(soon(t)); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// A process that stands still answers nobody, but can be stopped.
func TestAProcessThatHangsIsKilledWhenItIsStopped(t *testing.T) {
	opts := in("")
	opts.Grace = 1 // nanosecond
	p, err := gomas.StartProcess(soon(t), container(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	system, err := os.FindProcess(p.PID())
	if err == nil {
		err = system.Signal(syscall.SIGSTOP)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Spawn(rpc.Timeout(soon(t), 1), "house", 1); err == nil {
		t.Error("it makes a house")
	}
	if err := p.Stop(soon(t)); err == nil || !errors.Is(p.Err(), err) {
		t.Errorf("it ended with %v, %v", err, p.Err())
	}
}
