//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const guide = "../../docs/cli.md"

// TestTheGuideShowsWhatCommandsPrint runs the commands of the guide, one after
// another, and compares what they print with what stands there.
func TestTheGuideShowsWhatCommandsPrint(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ports := strings.NewReplacer(":5555", freePort(t), ":5556", freePort(t))
	commands := 0
	last := 0 // exit code
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, part := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			line, want, _ := strings.Cut(part, "\n")
			commands++
			line, want = ports.Replace(line), ports.Replace(want)
			var got string
			switch command, background := strings.CutSuffix(line, " &"); {
			case line == "echo $?":
				got = fmt.Sprintln(last)
			case background:
				got = runBehind(t, dir, command, 1+strings.Count(strings.TrimSpace(want), "\n"))
			default:
				got, last = runShell(t, dir, line)
			}
			if steady(got) != steady(want) {
				t.Errorf("%s prints\n%s\nand not\n%s", line, got, want)
			}
		}
	}
	if commands < 20 {
		t.Errorf("there are only %d commands", commands)
	}
}

func runShell(t *testing.T, dir, line string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// runBehind starts a command that goes on until the end of the test, and
// returns its first lines.
func runBehind(t *testing.T, dir, line string, n int) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Dir = dir
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	})
	var lines strings.Builder
	for r := bufio.NewReader(stdout); n > 0; n-- {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		lines.WriteString(line)
	}
	return lines.String()
}

var (
	durations = regexp.MustCompile(`\d+(\.\d+)?(ns|µs|ms|s)\b`)
	dates     = regexp.MustCompile(`20\d\d-\d\d-\d\d`)
	rates     = regexp.MustCompile(`\d+ TIME`)
	blanks    = regexp.MustCompile(` +`)
)

// steady returns text without what differs from one run to the next.
func steady(text string) string {
	text = dates.ReplaceAllString(durations.ReplaceAllString(text, "TIME"), "DATE")
	text = rates.ReplaceAllString(blanks.ReplaceAllString(text, " "), "RATE TIME")
	return strings.TrimSpace(text)
}

func freePort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return fmt.Sprint(":", l.Addr().(*net.TCPAddr).Port)
}
