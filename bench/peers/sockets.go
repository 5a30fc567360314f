package peers

import (
	"net"
	"os"
	"path/filepath"
)

// A socket is a kind of connection that libraries can be run over.
type socket struct {
	place Place
	// address returns an address that nobody uses: to listen there, where the
	// system knows it, and as gomas writes it. Closing removes what was made for
	// it.
	address func() (network, address, url string, remove closers, err error)
}

// sockets are those that the system has, and that the raw limits use. A transport
// of gomas that is added here, with a place of its own, is measured with every
// layer and format, as localNetwork is.
var sockets = []socket{
	{TCP, func() (string, string, string, closers, error) {
		return "tcp", "127.0.0.1:0", "tcp://127.0.0.1:0", nil, nil
	}},
	{IPC, func() (network, address, url string, remove closers, err error) {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return "", "", "", nil, err
		}
		path := filepath.Join(dir, "socket")
		return "unix", path, "ipc://[" + path + "]", closers{func() error { return os.RemoveAll(dir) }}, nil
	}},
}

// listenTCP listens at any free port of the loopback interface.
func listenTCP() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
