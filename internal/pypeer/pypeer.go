// Package pypeer runs a peer that is written in Python, for tests which show
// that Go and Python understand each other.
//
// The peer needs nothing but Python 3.9 and its standard library. It can
// serve, or carry out commands; peer.py says which.
package pypeer

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

//go:embed peer.py wire.py
var sources embed.FS

// patience is how long a peer may take to start, or to carry out a command.
const patience = 30 * time.Second

// Peer is a running Python peer. It must not be used concurrently.
type Peer struct {
	// Addr is the address at which the peer listens, with the real port. It
	// is empty in script mode.
	Addr string

	stdin  *os.File
	stdout *os.File
	lines  *bufio.Reader // of stdout
}

// Start starts a peer with the arguments of peer.py: "serve-rpc",
// "tcp://127.0.0.1:0" for example. When it returns, a serving peer accepts
// connections. The peer ends with the test, and if the test failed, what it
// wrote to its standard error is in the log.
//
// Without Python the test is skipped, unless the environment variable CI is
// set: then it fails. It is always skipped on Windows, whose event loop has
// no Unix sockets.
func Start(t testing.TB, args ...string) *Peer {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("pypeer: the Python peer does not run on Windows")
	}
	python := Interpreter(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, sources); err != nil {
		t.Fatal("pypeer: write the program:", err)
	}

	// Pipes of our own rather than cmd's: a deadline can be set on them, so
	// that no goroutine is needed to read with a time-out.
	childIn, stdin := pipe(t)
	stdout, childOut := pipe(t)
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal("pypeer: collect the standard error:", err)
	}
	t.Cleanup(func() { _ = stderr.Close() }) // never written to from here

	// Neither variables nor packages of the user's may change the peer.
	cmd := exec.Command(python, append([]string{"-E", "-s", filepath.Join(dir, "peer.py")}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = childIn, childOut, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal("pypeer: start Python:", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()         // always reports the kill
		if t.Failed() {
			logged, err := os.ReadFile(stderr.Name())
			t.Logf("pypeer: standard error of peer.py %s: (%v)\n%s", strings.Join(args, " "), err, logged)
		}
	})
	// Once the child alone holds its ends, reading from it ends when it does.
	if err := errors.Join(childIn.Close(), childOut.Close()); err != nil {
		t.Fatal("pypeer: close the child's pipes:", err)
	}

	p := &Peer{stdin: stdin, stdout: stdout, lines: bufio.NewReader(stdout)}
	if len(args) > 0 && strings.HasPrefix(args[0], "serve-") {
		line := p.readLine(t)
		addr, ok := strings.CutPrefix(string(line), "listening ")
		if !ok {
			t.Fatalf("pypeer: peer.py %s printed %q", strings.Join(args, " "), line)
		}
		p.Addr = addr
	}
	return p
}

// Do has a peer in script mode carry out a command, and returns its result.
// The commands are the methods do_… of Script in peer.py: cmd["op"] is their
// name, the other entries are their parameters. A command that could not be
// carried out, an unknown one for instance, has the result {"error": text}.
//
// Numbers in the result are json.Number, which keeps integers of any size
// and tells them from floats.
func (p *Peer) Do(t testing.TB, cmd map[string]any) map[string]any {
	t.Helper()
	line, err := json.Marshal(cmd)
	if err != nil {
		t.Fatal("pypeer: command:", err)
	}
	if err := p.stdin.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal("pypeer: write the command:", err)
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		t.Fatalf("pypeer: write the command %s: %v", line, err)
	}

	answer := p.readLine(t)
	var result map[string]any
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&result); err != nil {
		t.Fatalf("pypeer: command %s: result %q: %v", line, answer, err)
	}
	return result
}

// readLine returns the next line of the peer's standard output.
func (p *Peer) readLine(t testing.TB) []byte {
	t.Helper()
	if err := p.stdout.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal("pypeer: read from the peer:", err)
	}
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		t.Fatal("pypeer: read from the peer:", err)
	}
	return bytes.TrimSpace(line)
}

// Interpreter returns the path of Python, for tests with programs of their own.
// Without it the test is skipped, or fails, as by [Start].
func Interpreter(t testing.TB) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	switch {
	case err == nil:
		return python
	case os.Getenv("CI") != "":
		t.Fatal("pypeer: a test run in CI needs Python:", err)
	default:
		t.Skip("pypeer: needs Python 3.9 or later:", err)
	}
	return ""
}

// pipe returns a pipe that is closed with the test.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal("pypeer: pipe:", err)
	}
	t.Cleanup(func() {
		_ = r.Close() // Start closes two of the four ends
		_ = w.Close()
	})
	return r, w
}
