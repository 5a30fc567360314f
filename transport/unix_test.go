package transport

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// socketDir is a t.TempDir with a path short enough for sockets everywhere.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gomas")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func socketAddr(t *testing.T) Addr {
	t.Helper()
	return Addr{Scheme: "ipc", Path: filepath.Join(socketDir(t), "a.sock")}
}

// leaveStale leaves a socket file that no process serves.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("the system removes sockets that are not served:", err)
	}
}

// server is another process that listens.
type server struct {
	cmd   *exec.Cmd
	stdin io.Closer // open as long as the process is to live
	says  string    // how it went
}

// startServer starts a process that listens on a, and waits until it does or
// has failed.
func startServer(a Addr) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), listenAs+"="+a.String())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	return &server{cmd: cmd, stdin: stdin, says: strings.TrimSpace(line)}, err
}

func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
}

func TestTheSocketOfAKilledProcessIsReplaced(t *testing.T) {
	a := socketAddr(t)
	dead, err := startServer(a)
	if err != nil {
		t.Fatal(err)
	}
	if want := "listening on " + a.String(); dead.says != want {
		t.Fatalf("the other process says %q", dead.says)
	}
	_, _, err = listenSocket(t.Context(), a)
	checkInUse(t, err, a, "another server answers there")
	dead.kill(t)
	if _, err := os.Lstat(a.Path); err != nil {
		t.Fatal("the killed process leaves no file:", err)
	}
	ln, _ := listenTest(t, a, noNames(t))
	checkTalk(t, ln, a)
}

func TestOfProcessesThatStartTogetherOneListens(t *testing.T) {
	a := socketAddr(t)
	leaveStale(t, a.Path)
	var (
		servers [4]*server
		errs    [4]error
		wg      sync.WaitGroup
	)
	for i := range servers {
		wg.Go(func() { servers[i], errs[i] = startServer(a) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	conn, err := dialSocket(t.Context(), a)
	if err != nil {
		t.Error("nobody listens:", err)
	} else if err := conn.Close(); err != nil {
		t.Error(err)
	}
	var said []string
	for _, s := range servers {
		said = append(said, s.says)
		s.kill(t)
	}
	slices.Sort(said)
	lost := "listen " + a.String() + ": another server answers there: address already in use"
	if want := []string{lost, lost, lost, "listening on " + a.String()}; !slices.Equal(said, want) {
		t.Errorf("they say\n%s", strings.Join(said, "\n"))
	}
}

func TestOfListenersThatStartTogetherOneSucceeds(t *testing.T) {
	dir := socketDir(t)
	for round := range 50 {
		a := Addr{Scheme: "ipc", Path: filepath.Join(dir, "a.sock")}
		if round%2 == 1 {
			leaveStale(t, a.Path)
		}
		var (
			listeners [8]net.Listener
			errs      [8]error
			wg        sync.WaitGroup
		)
		for i := range listeners {
			wg.Go(func() { listeners[i], _, errs[i] = listenSocket(t.Context(), a) })
		}
		wg.Wait()
		succeeded := 0
		for i, ln := range listeners {
			if errs[i] != nil {
				checkInUse(t, errs[i], a, "another server answers there")
				continue
			}
			succeeded++
			conn, err := dialSocket(t.Context(), a)
			if err != nil {
				t.Fatalf("round %d: a listener has lost its file: %v", round, err)
			}
			if err := errors.Join(conn.Close(), ln.Close()); err != nil {
				t.Error(err)
			}
		}
		if succeeded != 1 {
			t.Fatalf("round %d: %d listeners on one socket", round, succeeded)
		}
		if _, err := os.Lstat(a.Path); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("round %d: the file outlives its listener: %v", round, err)
		}
	}
}

// checkInUse checks an error that says that something is in the way at a.
func checkInUse(t *testing.T, err error, a Addr, what string) {
	t.Helper()
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v does not wrap EADDRINUSE", err)
	}
	if want := "listen " + a.String() + ": " + what + ": address already in use"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestWhatIsNoSocketIsNeverReplaced(t *testing.T) {
	for _, tt := range []struct {
		name string
		what string
		make func(path string) error
	}{
		{"a file", "regular file", func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) }},
		{"an empty file", "regular file", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"an empty directory", "directory", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a link to nothing", "symbolic link", func(path string) error { return os.Symlink("nowhere", path) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := socketAddr(t)
			if err := tt.make(a.Path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(a.Path)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = listenSocket(t.Context(), a)
			checkInUse(t, err, a, "a "+tt.what+" that is no socket is in the way")
			after, err := os.Lstat(a.Path)
			if err != nil || !os.SameFile(before, after) || before.Size() != after.Size() {
				t.Errorf("it has been changed: %v", err)
			}
		})
	}
}

func TestAnUnusedSocketStaysIfTheDirectoryCannotBeLocked(t *testing.T) {
	path := socketAddr(t).Path
	leaveStale(t, path)
	err := clearPath(t.Context(), path, errNoClaim)
	if !errors.Is(err, syscall.EADDRINUSE) || !errors.Is(err, errNoClaim) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
	if err := clearPath(t.Context(), path, nil); err != nil {
		t.Error("with a claim:", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("with a claim, the file stays:", err)
	}
}

func TestOneClaimAtATime(t *testing.T) {
	a := socketAddr(t)
	release, err := claim(t.Context(), a.Path)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := claim(cancelled, a.Path); !errors.Is(err, context.Canceled) {
		t.Errorf("a second claim, cancelled: %v", err)
	}
	if _, err := tryClaim(a.Path); !errors.Is(err, errClaimed) {
		t.Errorf("a second claim: %v", err)
	}
	done := make(chan error)
	go func() {
		ln, _, err := listenSocket(t.Context(), a)
		if err == nil {
			err = ln.Close()
		}
		done <- err
	}()
	release()
	if err := <-done; err != nil {
		t.Error("a listener that comes when the claim ends:", err)
	}
}

func TestAMissingDirectoryIsAnError(t *testing.T) {
	a := Addr{Scheme: "ipc", Path: filepath.Join(socketDir(t), "missing", "a.sock")}
	if _, _, err := listenSocket(t.Context(), a); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("listen: %v", err)
	}
	if _, err := dialSocket(t.Context(), a); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dial: %v", err)
	}
}

func TestClosingRemovesTheFile(t *testing.T) {
	a := socketAddr(t)
	ln, _ := listenTest(t, a, noNames(t))
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(a.Path))
	if err != nil || len(entries) != 0 {
		t.Errorf("it leaves %v, %v", entries, err)
	}
	if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing again: %v", err)
	}
}

func TestClosingLeavesTheFileOfAnotherListener(t *testing.T) {
	a := socketAddr(t)
	first, _ := listenTest(t, a, noNames(t))
	if err := os.Remove(a.Path); err != nil {
		t.Fatal(err)
	}
	second, _ := listenTest(t, a, noNames(t))
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	checkTalk(t, second, a)
}

func TestARelativePathIsRemovedAlsoFromElsewhere(t *testing.T) {
	dir := socketDir(t)
	t.Chdir(dir)
	ln, shown := listenTest(t, Addr{Scheme: "ipc", Path: "a.sock"}, noNames(t))
	checkTalk(t, ln, shown)
	t.Chdir(t.TempDir())
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "a.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stays: %v", err)
	}
}

func TestAPathThatBeginsWithAnAtSignIsAFile(t *testing.T) {
	dir := socketDir(t)
	t.Chdir(dir)
	ln, shown := listenTest(t, Addr{Scheme: "ipc", Path: "@a"}, noNames(t))
	checkTalk(t, ln, shown)
	if _, err := os.Lstat(filepath.Join(dir, "@a")); err != nil {
		t.Error(err)
	}
}

func TestTheLongestPathWorks(t *testing.T) {
	dir := socketDir(t)
	a := Addr{Scheme: "ipc", Path: filepath.Join(dir, strings.Repeat("x", maxUnixPath-len(dir)-1))}
	ln, _ := listenTest(t, a, noNames(t))
	checkTalk(t, ln, a)
	a.Path += "x"
	if _, _, err := listenSocket(t.Context(), a); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("one byte more: %v", err)
	}
}
