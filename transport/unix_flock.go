//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package transport

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// maxUnixPath is the longest path that fits the system's socket address and
// leaves room for a zero byte: 107 bytes on Linux and Windows, 103 on macOS.
const maxUnixPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// tryClaim locks the directory of path with flock(2), which neither creates a
// file nor leaves one behind, and which the kernel undoes when the process
// dies.
func tryClaim(path string) (release func(), err error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoClaim, err)
	}
	for {
		err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		// Nothing was written, so closing has nothing to fail at.
		return func() { _ = dir.Close() }, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(errClaimed, dir.Close())
	}
	return nil, errors.Join(fmt.Errorf("%w: flock: %w", errNoClaim, err), dir.Close())
}

// refused reports whether err means that nobody listens on a Unix socket.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
