package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
)

// The scenario is run by Python, with a stand-in for mosaik that starts this
// test program as the controller.
func TestTheScenarioInPythonHasTheSameNumbers(t *testing.T) {
	python := pypeer.Interpreter(t)
	self, err1 := os.Executable()
	here, err2 := os.Getwd()
	dir := t.TempDir()
	err3 := os.Symlink(self, filepath.Join(dir, "controller"))
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", filepath.Join(here, "scenario.py"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(here, "testdata"))
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for time := int64(0); time < day; time += 7200 {
		_, feedIn := sequential(time)
		fmt.Fprintf(&want, "%02d:00 %8.3f kW\n", time/3600, sum(feedIn))
	}
	if got := strings.ReplaceAll(string(out), "\r", ""); got != want.String() {
		t.Errorf("it prints\n%swant\n%s", got, want.String())
	}
}
