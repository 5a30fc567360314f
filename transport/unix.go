package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// claimPatience is how long to wait for others that are just starting to
// listen in the same directory, which takes them well under a millisecond.
const claimPatience = 5 * time.Second

// What tryClaim fails with: another has the claim, or there can be none.
var (
	errClaimed = errors.New("another process has claimed the directory")
	errNoClaim = errors.New("its directory cannot be locked")
)

// unixListener removes its socket file when it is closed, if the file is
// still its own. Package net would remove whatever has the name by then.
type unixListener struct {
	*net.UnixListener
	path   string // absolute
	file   fs.FileInfo
	unlink sync.Once
}

// listenUnix listens on the Unix socket name, which unixName returned.
//
// A process that was killed leaves its socket file behind, and nobody can
// bind to that path until somebody removes the file. listenUnix does, if it
// is a socket and a connection to it is refused. Others must keep out between
// that test and the removal, and also between a newcomer's bind and its
// listen, when its socket refuses connections too. So all this happens under
// a claim, an advisory lock that ends with the process at the latest. Where
// there are no such locks, a file in the way is an error and stays.
//
// A program that knows nothing of claims is safe as soon as it listens. It
// sees the test as a connection that closes at once. One danger is left: on
// macOS and the BSDs a server refuses connections also while its queue of
// them is full.
func listenUnix(ctx context.Context, name string) (net.Listener, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	release, err := claim(ctx, path)
	switch {
	case err == nil:
		defer release()
	case !errors.Is(err, errNoClaim):
		return nil, err
	}
	if err := clearPath(ctx, name, err); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", name)
	if err != nil {
		return nil, err
	}
	l := &unixListener{UnixListener: ln.(*net.UnixListener), path: path}
	l.SetUnlinkOnClose(false)
	if l.file, err = os.Lstat(path); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return l, nil
}

// Close removes the socket file, then stops listening. It is in that order
// because nobody takes the file of a socket that answers for stale.
func (l *unixListener) Close() error {
	var err error
	l.unlink.Do(func() { err = l.removeFile() })
	return errors.Join(err, l.UnixListener.Close())
}

func (l *unixListener) removeFile() error {
	now, err := os.Lstat(l.path)
	if err == nil && os.SameFile(now, l.file) {
		err = os.Remove(l.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unixName returns path as package net wants the name of a Unix socket.
func unixName(path string) (string, error) {
	if reason := checkPath(path); reason != "" {
		return "", errors.New(reason)
	}
	if path[0] == '@' {
		path = "./" + path // a file, not a name in Linux's abstract namespace
	}
	if len(path) > maxUnixPath {
		return "", fmt.Errorf("the path has %d bytes, but a Unix socket's has at most %d", len(path), maxUnixPath)
	}
	return path, nil
}

// claim waits until nobody else is about to listen in the directory of path,
// and keeps others from it until release is called.
func claim(ctx context.Context, path string) (release func(), err error) {
	const shortest, longest = time.Millisecond, 50 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, claimPatience, errClaimed)
	defer cancel()
	for pause := shortest; ; pause = min(2*pause, longest) {
		release, err := tryClaim(path)
		if !errors.Is(err, errClaimed) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// clearPath removes the socket file at path if no process serves it. Anything
// else there is an error. noClaim is the reason why the caller has no claim.
func clearPath(ctx context.Context, path string, noClaim error) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("a %s that is no socket is in the way: %w", kind(info.Mode()), syscall.EADDRINUSE)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("another server answers there: %w", syscall.EADDRINUSE), conn.Close())
	case ctx.Err() != nil:
		return ctx.Err()
	case !refused(err):
		return fmt.Errorf("a socket that may be in use is in the way (%w): %w", cause(err), syscall.EADDRINUSE)
	case noClaim != nil:
		return fmt.Errorf("a socket file that seems unused is in the way; remove it by hand, since %w: %w", noClaim, syscall.EADDRINUSE)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an unused socket file: %w", err)
	}
	return nil
}

// kind names the kind of a file that is no socket.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "directory"
	case mode.IsRegular():
		return "regular file"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	default:
		return "device or pipe"
	}
}
