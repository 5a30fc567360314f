package faulty_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/internal/faulty"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// target accepts connections for as long as the test lasts.
func target(t *testing.T) (addr string, conns <-chan net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	return "tcp://" + ln.Addr().String(), accepted
}

// connect returns the two ends of a connection by way of a proxy.
func connect(t *testing.T, p *faulty.Proxy, conns <-chan net.Conn) (client, server net.Conn) {
	t.Helper()
	client = dial(t, p)
	select {
	case server = <-conns:
	case <-time.After(patience):
		t.Fatal("the proxy does not connect")
	}
	for _, c := range []net.Conn{client, server} {
		t.Cleanup(func() { _ = c.Close() })
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

func dial(t *testing.T, p *faulty.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.Addr(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

// some is some bytes of which no two in a row are equal.
func some(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func TestBytesPassUnchangedWhateverTheirPieces(t *testing.T) {
	for name, f := range map[string]faulty.Stream{
		"as they come":           {},
		"one by one":             {Piece: 1},
		"in pieces":              {Piece: 100},
		"in pieces with a delay": {Piece: 1000, Delay: time.Millisecond},
		"gathered":               {Gather: 2 * time.Millisecond},
		"at a rate":              {Rate: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			addr, conns := target(t)
			p := faulty.New(t, addr, 1)
			p.Set(faulty.Both(f))
			client, server := connect(t, p, conns)
			sent := some(20_000)
			write(t, client, sent)
			write(t, server, sent)
			if err := client.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(server); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("up came %d bytes of %d, %v", len(got), len(sent), err)
			}
			_ = server.Close()
			if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("down came %d bytes of %d, %v", len(got), len(sent), err)
			}
			if s := p.Stats(); s.Up != 20_000 || s.Down != 20_000 || s.Cut != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestACutComesAfterExactlySoManyBytes(t *testing.T) {
	for _, how := range []faulty.End{faulty.FIN, faulty.RST} {
		for n := range 8 {
			addr, conns := target(t)
			p := faulty.New(t, addr, 1)
			client, server := connect(t, p, conns)
			write(t, client, some(5)) // do not count
			if _, err := io.ReadFull(server, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			p.Set(faulty.Faults{Up: faulty.Stream{Cut: how, After: n, Piece: 3}})
			_, _ = client.Write(some(7)) // fails if the cut came first
			got, err := io.ReadAll(server)
			if !bytes.Equal(got, some(7)[:n]) || (how == faulty.FIN) != (err == nil) {
				t.Errorf("cut after %d: %v, %v", n, got, err)
			}
			if _, err := client.Read(make([]byte, 1)); err == nil {
				t.Error("the client's end goes on")
			}
		}
	}
}

func TestARandomCutDependsOnTheSeedOnly(t *testing.T) {
	life := func(seed uint64) int64 {
		addr, conns := target(t)
		p := faulty.New(t, addr, seed)
		p.Set(faulty.Faults{Up: faulty.Stream{Cut: faulty.FIN, After: 1000, Random: true}})
		client, server := connect(t, p, conns)
		go func() {
			for {
				if _, err := client.Write(some(10)); err != nil {
					return
				}
			}
		}()
		n, err := io.Copy(io.Discard, server)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if a, b, c := life(1), life(1), life(2); a != b || a == c {
		t.Errorf("cut after %d, again after %d, with another seed after %d bytes", a, b, c)
	}
}

func TestWhatIsStuckGoesOnAfterwards(t *testing.T) {
	addr, conns := target(t)
	p := faulty.New(t, addr, 1)
	client, server := connect(t, p, conns)
	p.Set(faulty.Faults{Up: faulty.Stream{Stuck: true}})
	write(t, client, some(10))
	write(t, server, some(10))
	if _, err := io.ReadFull(client, make([]byte, 10)); err != nil {
		t.Fatalf("the other direction: %v", err)
	}
	if got := p.Stats().Up; got != 0 {
		t.Errorf("%d bytes passed", got)
	}
	p.Set(faulty.Faults{})
	if _, err := io.ReadFull(server, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsSwallowedNeverComes(t *testing.T) {
	addr, conns := target(t)
	p := faulty.New(t, addr, 1)
	client, server := connect(t, p, conns)
	p.Set(faulty.Faults{Up: faulty.Stream{Swallow: true}})
	// More than sockets can hold.
	write(t, client, make([]byte, 16<<20))
	p.Set(faulty.Faults{})
	write(t, client, some(10))
	_ = client.Close()
	p.Cut(faulty.FIN)
	if got, err := io.ReadAll(server); len(got) > 0 || err != nil {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
}

func TestConnectionsAreRefusedWithoutATarget(t *testing.T) {
	addr, conns := target(t)
	p := faulty.New(t, addr, 1)
	refused := func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.Addr(), "tcp://"))
		if err == nil {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			_, err = c.Read(make([]byte, 1))
		}
		return errors.Is(err, syscall.ECONNRESET)
	}
	p.Set(faulty.Faults{Refuse: true})
	if !refused() {
		t.Error("not refused")
	}
	p.Set(faulty.Faults{})
	p.SetTarget("127.0.0.1:1")
	if !refused() {
		t.Error("not refused by an absent target")
	}
	p.SetTarget(addr)
	connect(t, p, conns)
	if got := p.Stats(); got.Accepted != 3 || got.Refused != 2 {
		t.Errorf("%+v", got)
	}
}
