//go:build !unix

package transport

import "net"

// attempt is not possible where sockets are not written to by system calls that
// return at once.
type attempt struct{}

func newAttempt(net.Conn) *attempt { return nil }

func (*attempt) write(*output) error { return nil }
