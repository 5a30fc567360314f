package rpc_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// anyPort is an address to listen at.
const anyPort = "tcp://127.0.0.1:0"

// patience is how long something may take before a test gives up.
const patience = 30 * time.Second

// within returns a context that ends when the test ends, or loses patience.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// each runs a test over TCP and over a Unix socket.
func each(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("over TCP", func(t *testing.T) { test(t, anyPort) })
	t.Run("over a Unix socket", func(t *testing.T) { test(t, socketAddr(t)) })
}

// socketAddr returns the address of a Unix socket that is not there yet. Its
// path is short, as the system demands.
func socketAddr(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rpc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // only the system's temporary files
	return "ipc://[" + filepath.Join(dir, "socket") + "]"
}

// serve offers svc at addr until the end of the test.
func serve(t testing.TB, addr string, svc *rpc.Service, opts *rpc.Options) *rpc.Server {
	t.Helper()
	srv, err := rpc.Listen(context.Background(), addr, svc, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Handlers that still run find their contexts ended.
		if err := srv.Close(); err != nil {
			t.Error("close the server:", err)
		}
	})
	return srv
}

// dial connects to a server and offers it svc, until the end of the test.
func dial(t testing.TB, srv *rpc.Server, svc *rpc.Service, opts *rpc.Options) *rpc.Conn {
	t.Helper()
	conn, err := rpc.Dial(context.Background(), srv.Addr(), svc, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close() // never fails
		if err := conn.Wait(within(t)); errors.Is(err, context.DeadlineExceeded) {
			t.Error("the connection did not end:", err)
		}
	})
	return conn
}

// remote returns the root of svc, as seen over a new connection to a new
// server.
func remote(t testing.TB, svc *rpc.Service) rpc.Remote {
	t.Helper()
	return dial(t, serve(t, anyPort, svc, nil), nil, nil).Remote()
}

// add is what most tests call to see that a service still works.
const add rpc.Func2[int, int, int] = "add(a, b)"

// calculator returns a service with the function add.
func calculator() *rpc.Service {
	svc := rpc.NewService()
	add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	return svc
}

// mustAdd calls add.
func mustAdd(t testing.TB, r rpc.Remote) {
	t.Helper()
	if sum, err := add.Call(within(t), r, 3, 4); err != nil || sum != 7 {
		t.Errorf("3 + 4 is %d, error %v", sum, err)
	}
}

// remoteError returns err as the failure of a peer.
func remoteError(t testing.TB, err error) *rpc.RemoteError {
	t.Helper()
	var remote *rpc.RemoteError
	if !errors.As(err, &remote) {
		t.Fatalf("error %v (%T), want a failure of the peer", err, err)
	}
	return remote
}

// wantFailure checks the type and the message of a failure of the peer.
func wantFailure(t testing.TB, err error, typ, message string) {
	t.Helper()
	if e := remoteError(t, err); e.Type != typ || e.Message != message {
		t.Errorf("failure of type %q with message %q,\nwant type %q with message %q", e.Type, e.Message, typ, message)
	}
}

// wantLost checks that err is that of a connection which the peer closed.
func wantLost(t testing.TB, err error) {
	t.Helper()
	var lost *channel.LostError
	if !errors.As(err, &lost) {
		t.Errorf("error %v (%T), want a lost connection", err, err)
	}
}
