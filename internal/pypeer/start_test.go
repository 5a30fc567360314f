//go:build !windows

package pypeer_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
)

// start calls pypeer.Start in a test of its own, and returns how that ended
// and what it logged.
func start(t *testing.T, args ...string) *test {
	t.Helper()
	inner := &test{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(inner.cleanups) - 1; i >= 0; i-- {
				inner.cleanups[i]()
			}
		}()
		pypeer.Start(inner, args...)
	}()
	<-done
	return inner
}

// test is a test that may fail or be skipped without t noticing.
type test struct {
	testing.TB
	cleanups []func()
	fatal    string
	skipped  string
	log      strings.Builder
}

func (t *test) Cleanup(f func())               { t.cleanups = append(t.cleanups, f) }
func (t *test) Failed() bool                   { return t.fatal != "" }
func (t *test) Logf(format string, a ...any)   { fmt.Fprintf(&t.log, format, a...) }
func (t *test) Fatalf(format string, a ...any) { t.Fatal(fmt.Sprintf(format, a...)) }

func (t *test) Fatal(a ...any) {
	t.fatal = fmt.Sprintln(a...)
	runtime.Goexit()
}

func (t *test) Skip(a ...any) {
	t.skipped = fmt.Sprintln(a...)
	runtime.Goexit()
}

func TestWithoutPythonATestIsSkipped(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "")
	if inner := start(t, "script"); !strings.Contains(inner.skipped, "needs Python") {
		t.Errorf("skipped %q, failed %q", inner.skipped, inner.fatal)
	}
}

func TestWithoutPythonATestInCIFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "true")
	if inner := start(t, "script"); !strings.Contains(inner.fatal, "needs Python") {
		t.Errorf("skipped %q, failed %q", inner.skipped, inner.fatal)
	}
}

func TestAPeerThatDoesNotStartFailsTheTestAndShowsItsStandardError(t *testing.T) {
	inner := start(t, "serve-dinner", "tcp://127.0.0.1:0")
	if inner.fatal == "" {
		t.Error("the test did not fail")
	}
	if log := inner.log.String(); !strings.Contains(log, "peer.py serve-rpc ADDR") {
		t.Errorf("the log has no usage: %q", log)
	}
}

func TestAPeerThatEndsWellLogsNothing(t *testing.T) {
	inner := start(t, "serve-rpc", "tcp://127.0.0.1:0")
	if inner.fatal != "" || inner.log.Len() > 0 {
		t.Errorf("failed %q, logged %q", inner.fatal, inner.log.String())
	}
}
