//go:build !windows

package transport

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestASocketOfAnotherTypeIsNotReplaced(t *testing.T) {
	a := socketAddr(t)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: a.Path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, _, err := listenSocket(t.Context(), a); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Lstat(a.Path); err != nil {
		t.Error(err)
	}
}
