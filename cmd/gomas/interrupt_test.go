//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/rpc"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

func TestCtrlCEndsACommandWithItsCode(t *testing.T) {
	for _, test := range []struct {
		name  string
		after int // connections
		args  string
	}{
		{"a call that waits for its answer", 1, "call ADDR add 3 4"},
		{"a call that waits for ever", 1, "call ADDR add 3 4 --timeout 0"},
		{"a call that waits for a handshake", 1, "call ADDR add 3 4 --ca CA --cert CERT --key KEY"},
		{"a call whose peer is being looked at", 2, "call ADDR add 3 4 --timeout 1s"},
		{"a list", 1, "ls ADDR"},
		{"a ping", 1, "ping ADDR"},
		{"a ping that goes on trying", 1, "ping ADDR --wait 1m --timeout 5m"},
		{"a measurement that has not begun", 1, "bench ADDR"},
	} {
		t.Run(test.name, func(t *testing.T) {
			connected := make(chan struct{}, 100)
			addr := startSilent(t, connected)
			files := testcert.NewAuthority(t, "the test").Issue(t, "127.0.0.1")
			words := strings.Fields(test.args)
			for i, word := range words {
				switch word {
				case "ADDR":
					words[i] = addr
				case "CA":
					words[i] = files.CA
				case "CERT":
					words[i] = files.Cert
				case "KEY":
					words[i] = files.Key
				}
			}
			p := start(t, words...)
			for range test.after {
				select {
				case <-connected:
				case <-time.After(patience):
					t.Fatal("it does not connect")
				}
			}
			p.interrupt(t)
			if code := p.wait(t); code != codeInterrupted {
				t.Errorf("the exit code is %d; it printed\n%s", code, p.stderr.String())
			}
			if got := p.stderr.String(); got != "gomas: interrupted\n" {
				t.Errorf("it printed\n%s", got)
			}
		})
	}
}

func TestCtrlCEndsAMeasurementWithWhatHasBeenMeasured(t *testing.T) {
	svc := rpc.NewService()
	called := make(chan struct{})
	calls := 0
	svc.Handle("count()", func() {
		if calls++; calls == 100 {
			close(called)
		}
	})
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	p := start(t, "bench", srv.Addr(), "count", "--callers", "1", "--for", "10m")
	<-called
	p.interrupt(t)
	out, err := io.ReadAll(p.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != codeInterrupted {
		t.Errorf("the exit code is %d; it printed\n%s", code, p.stderr.String())
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); len(lines) != 2 || !strings.HasPrefix(strings.TrimSpace(lines[1]), "1 ") {
		t.Errorf("it printed\n%s", out)
	}
}

func TestCtrlCEndsAContainerInGoodOrder(t *testing.T) {
	p := start(t, "container", "tcp://127.0.0.1:0", "--spawn", "Echo")
	if got, err := rpc.Call[string](t.Context(), echoOf(t, p), "echo", "ohai"); got != "ohai" || err != nil {
		t.Errorf("echo: %q, %v", got, err)
	}
	p.interrupt(t)
	if code := p.wait(t); code != codeOK || p.stderr.Len() > 0 {
		t.Errorf("the exit code is %d; it printed\n%s", code, p.stderr.String())
	}
}

func TestCtrlCLeavesNoProcessOfADemoBehind(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*program, *testing.T)
	}{
		{"an interrupt", (*program).interrupt},
		{"being killed", func(p *program, _ *testing.T) { _ = p.cmd.Process.Kill() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			// All processes inherit the end of a pipe that is written to, so the
			// other end sees when the last one is gone.
			all, held, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer all.Close()
			p := prepare(t, "demo", "chord", "--processes", "3")
			p.cmd.ExtraFiles = []*os.File{held}
			p.start(t)
			_ = held.Close()
			if _, err := bufio.NewReader(p.stdout).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			test.end(p, t)
			if _, err := io.ReadAll(all); err != nil {
				t.Fatal(err)
			}
			if code := p.wait(t); code == codeOK || code == codeInterrupted && p.stderr.String() != "gomas: interrupted\n" {
				t.Errorf("the exit code is %d; it printed\n%s", code, p.stderr.String())
			}
		})
	}
}

func TestCtrlCCutsCallsOfAContainerThatTakeTooLong(t *testing.T) {
	p := start(t, "container", "tcp://127.0.0.1:0", "--spawn", "Echo", "--grace", "50ms")
	echo := echoOf(t, p)
	// Notifications and calls of an agent begin in their order.
	if err := rpc.Notify(t.Context(), echo, "sleep", 3600); err != nil {
		t.Fatal(err)
	}
	if _, err := rpc.Call[string](t.Context(), echo, "echo", "ohai"); err != nil {
		t.Fatal(err)
	}
	p.interrupt(t)
	if code := p.wait(t); code != codeFailed || !strings.Contains(p.stderr.String(), "were cut") {
		t.Errorf("the exit code is %d; it printed\n%s", code, p.stderr.String())
	}
}

// echoOf returns the agent 1 of a container that has started.
func echoOf(t *testing.T, p *program) rpc.Remote {
	t.Helper()
	line, err := bufio.NewReader(p.stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr, _, _ := strings.Cut(line, ": container")
	conn, err := rpc.Dial(t.Context(), addr, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.Remote().Sub("agents/1")
}

// program is one that runs as a user would run it.
type program struct {
	cmd    *exec.Cmd
	stdout io.Reader
	stderr bytes.Buffer
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := prepare(t, args...)
	p.start(t)
	return p
}

func prepare(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.CommandContext(context.WithoutCancel(t.Context()), "gomas", args...)}
	var err error
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = &p.stderr
	return p
}

func (p *program) start(t *testing.T) {
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

func (p *program) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit code.
func (p *program) wait(t *testing.T) int {
	t.Helper()
	err := p.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return codeOK
}

// startSilent starts a server that says when somebody connects, and nothing
// else.
func startSilent(t *testing.T, connected chan<- struct{}) string {
	t.Helper()
	l := listen(t)
	ended := make(chan struct{})
	var open []net.Conn
	go func() {
		defer close(ended)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			open = append(open, nc)
			connected <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		for _, nc := range open {
			_ = nc.Close()
		}
	})
	return "tcp://" + l.Addr().String()
}
