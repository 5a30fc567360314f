package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func mustParse(t *testing.T, s string) Addr {
	t.Helper()
	a, err := ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// listenTest listens until the test ends.
func listenTest(t *testing.T, a Addr, n names) (net.Listener, Addr) {
	t.Helper()
	ln, shown, err := listenNamed(t.Context(), a, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return ln, shown
}

// noNames fails the test if anybody asks what the machine is called.
func noNames(t *testing.T) names {
	return names{hostname: func() (string, error) {
		t.Error("the machine's name is asked for")
		return "box", nil
	}}
}

// checkTalk sends a byte there and back over a connection to a.
func checkTalk(t *testing.T, ln net.Listener, a Addr) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		_, err = io.CopyN(conn, conn, 1)
		done <- errors.Join(err, conn.Close())
	}()
	conn, err := dialSocket(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{42}); err != nil {
		t.Error(err)
	}
	buf := make([]byte, 1)
	if _, err := io.ReadFull(conn, buf); err != nil || buf[0] != 42 {
		t.Errorf("42 comes back as %d, %v", buf[0], err)
	}
	if err := errors.Join(<-done, conn.Close()); err != nil {
		t.Error(err)
	}
}

func TestListenShowsWhereToDial(t *testing.T) {
	for _, tt := range []struct{ name, addr, host string }{
		{"a name stays that name", "tcp://localhost:0", "localhost"},
		{"an IP address stays that address", "tcp://127.0.0.1:0", "127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, shown := listenTest(t, mustParse(t, tt.addr), noNames(t))
			port := ln.Addr().(*net.TCPAddr).Port
			if want := (Addr{Scheme: "tcp", Host: tt.host, Port: uint16(port)}); shown != want || port == 0 {
				t.Errorf("%s is shown as %s, want %s", tt.addr, shown, want)
			}
			checkTalk(t, ln, shown)
		})
	}
	t.Run("a Unix socket stays where it is", func(t *testing.T) {
		a := Addr{Scheme: "ipc", Path: filepath.Join(socketDir(t), "a.sock")}
		ln, shown := listenTest(t, a, noNames(t))
		if shown != a {
			t.Errorf("%s is shown as %s", a, shown)
		}
		checkTalk(t, ln, shown)
	})
}

func TestListeningEverywhereShowsTheFullNameOfTheMachine(t *testing.T) {
	n := names{hostname: func() (string, error) { return "box.example.org", nil }}
	for _, host := range []string{"", "0.0.0.0", "::"} {
		ln, shown := listenTest(t, Addr{Scheme: "tcp", Host: host}, n)
		port := ln.Addr().(*net.TCPAddr).Port
		if want := (Addr{Scheme: "tcp", Host: "box.example.org", Port: uint16(port)}); shown != want {
			t.Errorf("host %q is shown as %s, want %s", host, shown, want)
		}
		checkTalk(t, ln, Addr{Scheme: "tcp", Host: "127.0.0.1", Port: shown.Port})
	}
}

func TestTheMachineKnowsItsName(t *testing.T) {
	name, err := systemNames().full(t.Context())
	if err != nil || name == "" {
		t.Errorf("it is called %q, %v", name, err)
	}
}

func TestFullName(t *testing.T) {
	errLookup := errors.New("no such host")
	for _, tt := range []struct {
		name, host string
		ips        []string
		registered map[string][]string
		want       string
	}{
		{"a host name with a dot is full already", "box.example.org", []string{"10.0.0.1"}, map[string][]string{"10.0.0.1": {"other.example.org"}}, "box.example.org"},
		{"the name of its address is found", "box", []string{"10.0.0.1"}, map[string][]string{"10.0.0.1": {"box", "box.example.org."}}, "box.example.org"},
		{"a later address may have the name", "box", []string{"127.0.1.1", "10.0.0.1"}, map[string][]string{"10.0.0.1": {"box.example.org."}}, "box.example.org"},
		{"a name of the loopback is none", "box", []string{"127.0.0.1"}, map[string][]string{"127.0.0.1": {"localhost.localdomain."}}, "box"},
		{"without a name server it is the host name", "box", nil, nil, "box"},
		{"without a full name it is the host name", "box", []string{"10.0.0.1"}, map[string][]string{"10.0.0.1": {"box."}}, "box"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := names{
				hostname: func() (string, error) { return tt.host, nil },
				lookupHost: func(_ context.Context, name string) ([]string, error) {
					if name != tt.host || tt.ips == nil {
						return nil, errLookup
					}
					return tt.ips, nil
				},
				lookupAddr: func(_ context.Context, ip string) ([]string, error) {
					if tt.registered[ip] == nil {
						return nil, errLookup
					}
					return tt.registered[ip], nil
				},
			}
			got, err := n.full(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// hangingNames looks names up for as long as its caller lets it.
func hangingNames(asked func()) names {
	return names{
		hostname: func() (string, error) { return "box", nil },
		lookupHost: func(ctx context.Context, _ string) ([]string, error) {
			asked()
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
}

func TestASlowNameServerDelaysAListenerByNoMoreThanASecond(t *testing.T) {
	_, shown := listenTest(t, Addr{Scheme: "tcp"}, hangingNames(func() {}))
	if shown.Host != "box" {
		t.Errorf("it is shown as %s, want the host name", shown)
	}
}

func TestListenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ln, _, err := listenNamed(ctx, Addr{Scheme: "tcp"}, hangingNames(cancel))
	if !errors.Is(err, context.Canceled) || ln != nil {
		t.Errorf("while the name is looked up: %v, %v", ln, err)
	}
	for _, a := range []Addr{
		{Scheme: "tcp", Host: "127.0.0.1"},
		{Scheme: "ipc", Path: filepath.Join(socketDir(t), "a.sock")},
	} {
		ln, _, err := listenSocket(ctx, a)
		if !errors.Is(err, context.Canceled) || ln != nil {
			t.Errorf("%s, cancelled before: %v, %v", a, ln, err)
		}
	}
}

func TestListenFailsIfTheMachineHasNoUsableName(t *testing.T) {
	errName := errors.New("no name")
	_, _, err := listenNamed(t.Context(), Addr{Scheme: "tcp"}, names{hostname: func() (string, error) { return "", errName }})
	if !errors.Is(err, errName) {
		t.Errorf("no host name: %v", err)
	}
	_, _, err = listenNamed(t.Context(), Addr{Scheme: "tcp"}, names{hostname: func() (string, error) { return "my/box.org", nil }})
	if err == nil || !strings.Contains(err.Error(), "my/box.org") {
		t.Errorf("a host name that breaks addresses: %v", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	unix := Addr{Scheme: "ipc", Path: filepath.Join(socketDir(t), "a.sock")}
	_, tcp := listenTest(t, Addr{Scheme: "tcp", Host: "127.0.0.1"}, noNames(t))
	listenTest(t, unix, noNames(t))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, a := range []Addr{tcp, unix} {
		if _, err := dialSocket(cancelled, a); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", a, err)
		}
		if _, err := dialSocket(late, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, too late: %v", a, err)
		}
	}
}

func TestDialOfAPortWhereNobodyListensIsRefused(t *testing.T) {
	ln, a := listenTest(t, Addr{Scheme: "tcp", Host: "localhost"}, noNames(t))
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := dialSocket(t.Context(), a)
	if err == nil {
		t.Fatal("a connection to nobody")
	}
	if runtime.GOOS == "windows" {
		return // other numbers, another text
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v does not wrap ECONNREFUSED", err)
	}
	if want := "dial " + a.String() + ": connect: connection refused"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestListenOnAPortThatIsTaken(t *testing.T) {
	_, a := listenTest(t, Addr{Scheme: "tcp", Host: "127.0.0.1"}, noNames(t))
	_, _, err := listenSocket(t.Context(), a)
	if err == nil {
		t.Fatal("two listeners on one port")
	}
	if runtime.GOOS == "windows" {
		return // other numbers, another text
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v does not wrap EADDRINUSE", err)
	}
	if want := "listen " + a.String() + ": bind: address already in use"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAddressesWithoutASocket(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		name string
		addr Addr
		want string
	}{
		{"a local network", Addr{Scheme: "local", Host: "net"}, `local://net: "local" is no scheme of a socket`},
		{"the zero value", Addr{}, `: "" is no scheme of a socket`},
		{"an empty path", Addr{Scheme: "ipc"}, "ipc://[]: the path is empty; want ipc://[path]"},
		{"a path with a zero byte", Addr{Scheme: "ipc", Path: "a\x00"}, "ipc://[a\x00]: the path contains a zero byte, which no file name can have"},
		{"a path too long", Addr{Scheme: "ipc", Path: long}, "ipc://[" + long + "]: the path has 300 bytes, but a Unix socket's has at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := dialSocket(t.Context(), tt.addr); err == nil || !strings.HasPrefix(err.Error(), "dial "+tt.want) {
				t.Errorf("dial: %v\nwant  dial %s", err, tt.want)
			}
			if _, _, err := listenSocket(t.Context(), tt.addr); err == nil || !strings.HasPrefix(err.Error(), "listen "+tt.want) {
				t.Errorf("listen: %v\nwant    listen %s", err, tt.want)
			}
		})
	}
	t.Run("port 0 is only for listening", func(t *testing.T) {
		_, err := dialSocket(t.Context(), Addr{Scheme: "tcp", Host: "localhost"})
		if want := "dial tcp://localhost:0: port 0 is only for listening"; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}
