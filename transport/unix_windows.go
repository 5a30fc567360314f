package transport

import (
	"errors"
	"fmt"
	"syscall"
)

// maxUnixPath is the longest path that fits the system's socket address and
// leaves room for a zero byte: 107 bytes on Linux and Windows, 103 on macOS.
const maxUnixPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// tryClaim opens a file beside path that nobody else can open meanwhile and
// that the system deletes when it is closed, also by the end of the process.
// Directories cannot be locked here.
func tryClaim(path string) (release func(), err error) {
	const (
		shareNothing  = 0
		deleteOnClose = 0x04000000 // FILE_FLAG_DELETE_ON_CLOSE

		sharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION
	)
	name, err := syscall.UTF16PtrFromString(path + ".claim")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoClaim, err)
	}
	file, err := syscall.CreateFile(name, syscall.GENERIC_WRITE, shareNothing, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL|deleteOnClose, 0)
	switch {
	case err == nil:
		return func() { _ = syscall.CloseHandle(file) }, nil
	case errors.Is(err, sharingViolation), errors.Is(err, syscall.ERROR_ACCESS_DENIED):
		// A file that is just being deleted counts as access denied.
		return nil, errClaimed
	default:
		return nil, fmt.Errorf("%w: %w", errNoClaim, err)
	}
}

// refused reports whether err means that nobody listens on a Unix socket.
func refused(err error) bool {
	const connRefused = syscall.Errno(10061) // WSAECONNREFUSED
	return errors.Is(err, connRefused)
}
