package start

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGuidesGoCodeIsThatOfThePrograms(t *testing.T) {
	guide.Check(t, "../../docs/getting-started.md", 6,
		"one/main.go", "plant/main.go", "operator/main.go", "watch/main.go")
}

// programs builds them, and returns the folder in which they are.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir, "./one", "./plant", "./operator", "./watch").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// running is a program that has been started.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func start(t *testing.T, dir, name string, args ...string) *running {
	t.Helper()
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, name), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended if all is well
		_ = cmd.Wait()
	})
	return &running{t, cmd, bufio.NewScanner(out)}
}

// line returns the next line that the program prints.
func (r *running) line() string {
	r.t.Helper()
	if !r.lines.Scan() {
		r.t.Fatal("it prints no more:", r.lines.Err())
	}
	return r.lines.Text()
}

// await reads on until the program prints a line.
func (r *running) await(want string) {
	r.t.Helper()
	for r.line() != want {
	}
}

// interrupt ends the program as Ctrl-C does, and waits for the end.
func (r *running) interrupt() {
	r.t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		err = r.cmd.Process.Kill() // where there are no signals
		if err != nil {
			r.t.Error(err)
		}
	}
	for r.lines.Scan() {
	}
	if err := r.cmd.Wait(); err != nil && runtime.GOOS != "windows" {
		r.t.Error("it ends with", err)
	}
}

// prints wants a program to print something and to end well.
func prints(t *testing.T, r *running, want string) {
	t.Helper()
	var all []string
	for r.lines.Scan() {
		all = append(all, r.lines.Text())
	}
	if err := r.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(all, "\n"); got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
}

func TestTheProgramsDoWhatTheGuideSays(t *testing.T) {
	dir := programs(t)
	prints(t, start(t, dir, "one"), "the plant produces 100 kW")

	plant := start(t, dir, "plant", "-addr", "tcp://localhost:0")
	url := strings.TrimSuffix(strings.TrimPrefix(plant.line(), "Plant('"), "')")
	addr, isAgent := strings.CutSuffix(url, "/0")
	if !isAgent {
		t.Fatalf("the URL of the plant is %q", url)
	}
	prints(t, start(t, dir, "operator", "-plant", url), "PlantProxy('"+url+"') produces 120 kW")

	watch := start(t, dir, "watch", "-plant", url, "-every", "10ms")
	watch.await("the plant says ValueError - less than nothing")
	watch.await("the plant produces 120 kW")
	plant.interrupt()
	watch.await("the plant is away")
	plant = start(t, dir, "plant", "-addr", addr)
	watch.await("the plant produces 100 kW")
	watch.interrupt()
	plant.interrupt()
}
