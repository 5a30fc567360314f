package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gomas/gomas/examples/systems"
)

// interrupter is an output that interrupts a command at one of its writes.
type interrupter struct {
	bytes.Buffer
	left      int
	interrupt context.CancelFunc
}

func (i *interrupter) Write(p []byte) (int, error) {
	if i.left--; i.left == 0 {
		i.interrupt()
	}
	return i.Buffer.Write(p)
}

// demo runs a demo as on a terminal, and interrupts it at a write. If it does not
// write so often, over is true.
func demo(t *testing.T, at int, args ...string) (code int, stdout, stderr string, over bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &interrupter{left: at, interrupt: cancel}, new(bytes.Buffer)
	env := &environment{Context: ctx, stdout: out, stderr: errs, terminal: true}
	code = run(env, append([]string{"demo"}, args...))
	return code, out.String(), errs.String(), out.left > 0
}

func TestADemoCanBeInterruptedWhateverItIsDoing(t *testing.T) {
	for _, test := range []struct{ name, args string }{
		{"over TCP", "election"},
		{"on the local network", "election --seed 7"},
		{"over processes", "election --processes 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for at := 1; ; at++ {
				code, stdout, stderr, over := demo(t, at, strings.Fields(test.args)...)
				if over {
					return
				}
				if code == codeOK && at > 1 { // it was at its end, or nearly so
					continue
				}
				if code != codeInterrupted || stderr != "gomas: interrupted\n" {
					t.Fatalf("at %d: exit code %d, %s", at, code, stderr)
				}
				if lines := strings.Split(stdout, "\n"); len(lines) != 2 || !strings.HasSuffix(stdout, "\r") {
					t.Fatalf("at %d something is left in the line: %q", at, stdout)
				}
			}
		})
	}
}

func TestTheReadmesOfTheSystemsSayHowToRunThem(t *testing.T) {
	command := regexp.MustCompile(`(?m)^    go run ./cmd/gomas (.*)$`)
	for _, s := range systems.All() {
		text, err := os.ReadFile(filepath.Join("../../examples/systems", s.Name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		found := command.FindAllStringSubmatch(string(text), -1)
		if len(found) < 2 {
			t.Errorf("%s: only %d commands", s.Name, len(found))
		}
		for _, line := range found {
			var stdout, stderr bytes.Buffer
			env := &environment{Context: t.Context(), stdout: &stdout, stderr: &stderr}
			if code := run(env, strings.Fields(line[1])); code != codeOK || !strings.HasPrefix(stdout.String(), s.Name+" ") {
				t.Errorf("%s: exit code %d\n%s%s", line[1], code, &stdout, &stderr)
			}
		}
	}
}

func TestProgressIsWrittenOverOnATerminal(t *testing.T) {
	_, stdout, _, _ := demo(t, 0, "contractnet")
	before, after, _ := strings.Cut(stdout, "\n")
	if before != "contractnet over TCP, in 3 containers of this process" {
		t.Errorf("it begins with %q", before)
	}
	shown, rest, _ := strings.Cut(after, "\n")
	line := ""
	for _, text := range strings.Split(shown, "\r") {
		for i, r := range []rune(text) {
			if cells := []rune(line); i < len(cells) {
				cells[i] = r
				line = string(cells)
			} else {
				line += string(r)
			}
		}
	}
	if !strings.Contains(shown, "\rcontractnet: 0 of ") || strings.TrimSpace(line) != "" || strings.Contains(rest, "\r") {
		t.Errorf("%q is left of %q, then comes %q", line, shown, rest)
	}
}

func TestALineThatIsTooLongForATerminalIsCut(t *testing.T) {
	var out bytes.Buffer
	l := newProgressLine(&environment{stdout: &out, terminal: true}, "λ")
	l.tell(1, 2, strings.Repeat("λ", 100))
	if got := len([]rune(out.String())); got != 1+lineWidth {
		t.Errorf("%d runes", got)
	}
}

func TestAWrongFigureIsExitCode1(t *testing.T) {
	var out bytes.Buffer
	r := &result{Outcome: &systems.Outcome{Summary: "It went wrong.", Messages: 3, Figures: []systems.Figure{
		{Name: "right", Got: 1, Low: 1, High: 1}, {Name: "odd", Got: 2, Low: 1, High: 1},
	}}, lasted: "1s"}
	err := r.report(&environment{Context: t.Context(), stdout: &out})
	if f := failureOf(err); f.code != codeFailed || !errors.Is(err, errWrong) || !strings.HasPrefix(f.Error(), "1 of 2 figures") {
		t.Errorf("exit code %d: %v", f.code, err)
	}
	want := "\nIt went wrong.\n  right: 1 (known: 1)\n  odd: 2 (known: 1) WRONG\n3 messages in 1s\n"
	if out.String() != want {
		t.Errorf("it prints\n%s", out.String())
	}
}
