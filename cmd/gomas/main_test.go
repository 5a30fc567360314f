package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// Programs with the race detector wait for a second when they end, unless this
// variable has this value.
const (
	raceVariable = "GORACE"
	quickExit    = "atexit_sleep_ms=0"
)

func TestMain(m *testing.M) {
	if err := os.Setenv(raceVariable, quickExit); err != nil { // of the programs that tests start
		panic(err)
	}
	if code, served := asProcess(); served { // of a demo that a test runs itself
		os.Exit(code)
	}
	testscript.Main(withoutLeaks{m}, map[string]func(){"gomas": main})
}

// withoutLeaks fails a run of tests that leaves goroutines behind.
type withoutLeaks struct{ *testing.M }

func (m withoutLeaks) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return code
}

func TestScripts(t *testing.T) { runScripts(t, "testdata", startPeers(t)) }

func TestScriptsWithPython(t *testing.T) { runScripts(t, "testdata/python", startPythonPeers(t)) }

// runScripts runs the scripts in a directory, which get variables.
func runScripts(t *testing.T, dir string, vars []string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(append(env.Vars, raceVariable+"="+quickExit), vars...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits is the command of scripts that runs a program and wants an exit code.
//
//	exits CODE PROGRAM [ARG…]
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("the exit code is %d, want %d", got, want)
	}
}
