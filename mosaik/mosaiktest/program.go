package mosaiktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// program is a component that the driver has started.
type program struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

// Start runs a program that connects to the driver: the way of "cmd". In the
// command, %(addr)s stands for the address. If the program ends before it has
// connected, or takes longer than [Options.StartTimeout], that is an error.
func Start(ctx context.Context, command []string, opts *Options) (*Driver, error) {
	if len(command) == 0 {
		return nil, errors.New("mosaiktest: start: the command is empty")
	}
	d, err := Listen(ctx, opts)
	if err != nil {
		return nil, err
	}
	args := make([]string, len(command))
	for i, arg := range command {
		args[i] = strings.ReplaceAll(arg, "%(addr)s", d.Addr())
	}
	var output io.Writer = os.Stderr
	if d.opts.Output != nil {
		output = d.opts.Output
	}
	p := &program{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("mosaiktest: start: %w", err), d.Close())
	}
	d.program = p
	go p.watch(d)
	waiting, cancel := context.WithTimeout(ctx, d.opts.StartTimeout)
	defer cancel()
	if err := d.came.Wait(waiting, nil, "the simulator to connect"); err != nil {
		p.kill()
		<-p.done
		return nil, errors.Join(fmt.Errorf("mosaiktest: start %q: the simulator has not connected: %w", args, err), d.Close())
	}
	return d, nil
}

// watch waits for the end of the program.
func (p *program) watch(d *Driver) {
	p.err = p.cmd.Wait()
	close(p.done)
	d.came.Set(errEnded)
}

var errEnded = errors.New("its program has ended; see what it printed")

func (p *program) kill() {
	// It fails if the program has ended, which is what is wanted.
	_ = p.cmd.Process.Kill()
}

// wait waits for the end of the program, and kills it if ctx ends first.
func (p *program) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.kill()
		<-p.done
		return fmt.Errorf("mosaiktest: the program of the simulator was killed, since it did not end: %w", ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("mosaiktest: the program of the simulator: %w", p.err)
	}
	return nil
}
