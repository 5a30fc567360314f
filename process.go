package gomas

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// ProcessOptions are the settings of a [Process]. The zero value of each field
// means its default.
type ProcessOptions struct {
	// Name stands in front of the lines that the process prints, and in
	// errors. The default is the name of the program.
	Name string

	// Command is the program, which must call [ServeProcess], and its
	// arguments. The default is this program, without arguments.
	Command []string

	// Dir is the directory that it runs in, Env are variables, "NAME=value",
	// that it has besides those of this process. The default is the directory
	// of this process, and no more variables.
	Dir string
	Env []string

	// Addr is where its container listens. The default is a port of 127.0.0.1
	// that the system chooses.
	Addr string

	// Clock is the clock that its agents get: one of the same kind. What is
	// external gets the time that Clock has when the process starts, and is
	// set by [Process.SetTime] from then on. The default is the clock of the
	// container that starts the process.
	Clock clock.Clock

	// Stdout and Stderr get what the process prints, line by line, each line in
	// one Write; very long ones come in pieces. A writer that fails gets no
	// more, and one that blocks makes the process wait when it prints. The
	// default is the standard error of this process.
	Stdout, Stderr io.Writer

	// Grace is how long the process may take to end when it is told to; then
	// it is killed. The default is five seconds.
	Grace time.Duration

	printing *sync.Mutex // held while a line is written, nil: one of its own
}

// Process is a container in another process on this machine, with a [Manager]
// that makes agents in it. It ends when [Process.Stop] is called, and when this
// process ends, in whatever way. Its methods may be called from any number of
// goroutines.
type Process struct {
	name    string
	grace   time.Duration
	cmd     *exec.Cmd
	stdin   io.Closer // whose end the process takes for ours
	manager RemoteManager

	stdout, stderr output

	addr  string // once ready
	ready turn.Event

	mu     sync.Mutex
	killed error // why we have killed it, nil if we have not
	ended  turn.Event
	done   chan struct{}
}

// ProcessError is why a process ended that was not meant to, or did not start.
type ProcessError struct {
	Name   string // of the process
	Err    error  // an *[exec.ExitError], for example
	Output string // the last lines that it printed, those to standard error last
}

func (e *ProcessError) Error() string {
	text := fmt.Sprintf("gomas: process %s: %v", e.Name, e.Err)
	if e.Output != "" {
		text += "; it printed\n" + e.Output
	}
	return text
}

// Unwrap returns Err.
func (e *ProcessError) Unwrap() error { return e.Err }

// StartProcess starts a program as another process, by default this program
// again; see [ServeProcess] for its side. It returns when the container there
// can be used. c is the container that calls it: both speak the same format,
// with the same time-outs.
//
// If ctx ends before the process is ready, it is killed. ctx does not matter
// any more when StartProcess has returned.
func StartProcess(ctx context.Context, c *Container, opts *ProcessOptions) (*Process, error) {
	if opts == nil {
		opts = new(ProcessOptions)
	}
	p, err := newProcess(c, *opts)
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("gomas: start a process: %w", err)
	}
	turn.Free{}.Start(turn.Func(p.watch))
	err = p.ready.Wait(ctx, nil, "a process to be ready")
	if err == nil {
		var manager rpc.Remote
		manager, err = c.Connect(ctx, p.addr+"/0")
		p.manager = ManagerAt(manager)
	}
	if err != nil {
		p.kill(err)
		_ = p.ended.Wait(context.WithoutCancel(ctx), nil, "a process to end")
		return nil, p.failure(fmt.Errorf("start: %w", err))
	}
	return p, nil
}

// newProcess prepares a process.
func newProcess(c *Container, opts ProcessOptions) (*Process, error) {
	command := opts.Command
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command = []string{self}
	}
	setDefault(&opts.Name, filepath.Base(command[0]))
	setDefault(&opts.Addr, "tcp://127.0.0.1:0")
	setDefault(&opts.Grace, defaultGrace)
	setDefault[io.Writer](&opts.Stdout, os.Stderr)
	setDefault[io.Writer](&opts.Stderr, os.Stderr)
	if opts.printing == nil {
		opts.printing = new(sync.Mutex)
	}
	orders, err := ordersFor(c, &opts)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(orders)
	if err != nil {
		return nil, err
	}
	p := &Process{name: opts.Name, grace: opts.Grace, done: make(chan struct{})}
	p.stdout.to = p.listen(p.stdout.note(prefixed(opts.Name, opts.Stdout, opts.printing)))
	p.stderr.to = p.stderr.note(prefixed(opts.Name, opts.Stderr, opts.printing))
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Dir = opts.Dir
	p.cmd.Env = append(append(os.Environ(), opts.Env...), ordersVariable+"="+string(text))
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	// Others that it has started may hold its output open.
	p.cmd.WaitDelay = time.Second
	p.stdin, err = p.cmd.StdinPipe()
	return p, err
}

func setDefault[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

// listen returns print for standard output, where the process also reports.
func (p *Process) listen(print func(line []byte)) func(line []byte) {
	return func(line []byte) {
		text, ok := bytes.CutPrefix(line, []byte(readyPrefix))
		var r report
		if happened, _ := p.ready.Happened(); happened || !ok || json.Unmarshal(text, &r) != nil {
			print(line)
			return
		}
		if r.Error != "" {
			p.ready.Set(errors.New(r.Error))
			return
		}
		p.addr = r.Addr
		p.ready.Set(nil)
	}
}

var (
	errEnded      = errors.New("it has ended")
	errNeverReady = errors.New("it ended without serving; does it call ServeProcess?")
)

// watch waits for the end of the process.
func (p *Process) watch() {
	err := p.cmd.Wait()
	p.stdout.end()
	p.stderr.end()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it has ended well all the same
	}
	p.mu.Lock()
	if p.killed != nil {
		err = p.killed
	}
	p.mu.Unlock()
	if err == nil {
		p.ready.Set(errNeverReady)
		p.ended.Set(nil)
	} else {
		p.ready.Set(err)
		p.ended.Set(p.failure(err))
	}
	close(p.done)
}

// failure returns an error with what the process has printed.
func (p *Process) failure(err error) error {
	var known *ProcessError
	if errors.As(err, &known) {
		return err
	}
	return &ProcessError{p.name, err, strings.Join(slices.Concat(p.stdout.last(), p.stderr.last()), "\n")}
}

// kill ends the process at once.
func (p *Process) kill(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed == nil && p.cmd.Process.Kill() == nil {
		p.killed = reason
	}
}

// Name returns the name of the process, as [ProcessOptions] have it.
func (p *Process) Name() string { return p.name }

// PID returns the number that the operating system knows the process by.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Addr returns the address of the container in the process.
func (p *Process) Addr() string { return p.addr }

// Manager returns the manager of that container.
func (p *Process) Manager() RemoteManager { return p.manager }

func (p *Process) String() string { return fmt.Sprintf("Process(%s, '%s')", p.name, p.addr) }

// Spawn makes an agent in the process; see [RemoteManager.Spawn]. Errors name
// the process, and tell if it has ended.
func (p *Process) Spawn(ctx context.Context, name string, args ...any) (r rpc.Remote, err error) {
	err = p.try(ctx, func() error {
		r, err = p.manager.Spawn(ctx, name, args...)
		return err
	})
	return r, err
}

// SetTime sets the clock in the process; see [RemoteManager.SetTime]. Errors
// name the process, and tell if it has ended.
func (p *Process) SetTime(ctx context.Context, t time.Duration) error {
	return p.try(ctx, func() error { return p.manager.SetTime(ctx, t) })
}

// try calls the process.
func (p *Process) try(ctx context.Context, call func() error) error {
	if reason := p.gone(); reason != nil {
		return reason
	}
	err := call()
	if err == nil {
		return nil
	}
	if isAway(err) {
		// It has mostly ended then, which we are about to be told.
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = p.ended.Wait(soon, nil, "a process to end")
		if reason := p.gone(); reason != nil {
			return reason
		}
	}
	return fmt.Errorf("gomas: process %s: %w", p.name, err)
}

// gone is why nothing can be asked of the process, nil as long as it runs.
func (p *Process) gone() error {
	ended, reason := p.ended.Happened()
	if ended && reason == nil {
		return &ProcessError{Name: p.name, Err: errEnded}
	}
	return reason
}

// isAway reports whether a call failed because nobody was there.
func isAway(err error) bool {
	var lost *channel.LostError
	var away *channel.AwayError
	var refused *os.SyscallError // of a dial
	return errors.As(err, &lost) || errors.As(err, &away) || errors.As(err, &refused)
}

// Stop ends the process: its container shuts down in good order, see
// [Container.Shutdown]. If that takes longer than [ProcessOptions.Grace], or
// ctx ends, the process is killed, and the error says so. Stop returns when the
// process has ended, with the error of [Process.Err].
func (p *Process) Stop(ctx context.Context) error {
	_ = p.stdin.Close() // fails if the process is gone, or is being stopped
	patient, cancel := context.WithTimeout(ctx, p.grace)
	defer cancel()
	err := p.Wait(patient)
	if ended, reason := p.ended.Happened(); ended {
		return reason
	}
	p.kill(fmt.Errorf("killed, since it did not end: %w", err))
	return p.Wait(context.WithoutCancel(ctx))
}

// Wait waits until the process has ended, and returns the error of
// [Process.Err], or that of ctx if it ends first.
func (p *Process) Wait(ctx context.Context) error {
	return p.ended.Wait(ctx, nil, "a process to end")
}

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns nil as long as the process runs, and if it ended well: with exit
// status 0, whoever had it end. Otherwise it is a *[ProcessError].
func (p *Process) Err() error {
	_, err := p.ended.Happened()
	return err
}
