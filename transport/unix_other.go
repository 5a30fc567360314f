//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package transport

// maxUnixPath is the longest path of a Unix socket that every system takes.
const maxUnixPath = 103

// tryClaim fails: there is no lock here that would end with the process.
func tryClaim(string) (release func(), err error) { return nil, errNoClaim }

// refused cannot tell, so that no file is taken for unused.
func refused(error) bool { return false }
