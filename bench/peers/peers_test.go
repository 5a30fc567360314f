package peers_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/bench/peers"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// within runs fn where the caller can call from.
func within(t testing.TB, c peers.Caller, fn func(ctx context.Context)) {
	in, ok := c.(peers.Inhabitant)
	if !ok {
		fn(context.Background())
		return
	}
	if err := in.Within(context.Background(), fn); err != nil {
		t.Error(err)
	}
}

// check has a caller add and echo.
func check(ctx context.Context, c peers.Caller, number int) error {
	for i := range 3 {
		if sum, err := c.Add(ctx, number, i); err != nil || sum != number+i {
			return fmt.Errorf("%d + %d is %d, error %w", number, i, sum, err)
		}
		want := strings.Repeat("A power plant, ", i) + fmt.Sprint(number)
		if got, err := c.Echo(ctx, want); err != nil || got != want {
			return fmt.Errorf("%q comes back as %q, error %w", want, got, err)
		}
	}
	return nil
}

func open(t testing.TB, p *peers.Peer) peers.Server {
	s, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dial(t testing.TB, s peers.Server, callers int) peers.Conn {
	conn, err := s.Dial(t.Context(), callers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// caller is one of a connection. It lives as long as the test.
func caller(t testing.TB, conn peers.Conn) peers.Caller {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	c, err := conn.Caller(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPeersHaveNamesOfTheirOwn(t *testing.T) {
	for _, p := range peers.All() {
		found, err := peers.Find(p.String())
		if err != nil || found.Place != p.Place || found.Name != p.Name {
			t.Errorf("%s is found as %v, error %v", p, found, err)
		}
	}
	seen := make(map[string]bool)
	for _, p := range peers.All() {
		if seen[p.String()] {
			t.Errorf("there are two of %s", p)
		}
		seen[p.String()] = true
	}
	if _, err := peers.Find("tcp/nobody"); err == nil {
		t.Error("a peer that is not there is found")
	}
}

func TestEveryPeerAddsAndEchoes(t *testing.T) {
	for _, p := range peers.All() {
		t.Run(p.String(), func(t *testing.T) {
			t.Run("one caller", func(t *testing.T) {
				c := caller(t, dial(t, open(t, p), 1))
				within(t, c, func(ctx context.Context) {
					if err := check(ctx, c, 40); err != nil {
						t.Error(err)
					}
					long := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
					if got, err := c.Echo(ctx, long); err != nil || got != long {
						t.Errorf("1 MiB comes back as %d bytes, error %v", len(got), err)
					}
				})
			})
			t.Run("five callers on a connection", func(t *testing.T) {
				conn := dial(t, open(t, p), 5)
				var wg sync.WaitGroup
				for i := range 5 {
					c := caller(t, conn)
					wg.Go(func() {
						within(t, c, func(ctx context.Context) {
							if err := check(ctx, c, 1000*i); err != nil {
								t.Error(err)
							}
						})
					})
				}
				wg.Wait()
			})
		})
	}
}

func TestPeersThatMakeConnectionsServeSeveral(t *testing.T) {
	for _, p := range peers.All() {
		if !p.Connections {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			s := open(t, p)
			for i := range 3 {
				c := caller(t, dial(t, s, 2))
				within(t, c, func(ctx context.Context) {
					if err := check(ctx, c, i); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

func TestContextsEndCallsWhereAPeerSaysSo(t *testing.T) {
	for _, p := range peers.All() {
		if !p.Contexts {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			c := caller(t, dial(t, open(t, p), 1))
			within(t, c, func(ctx context.Context) {
				long, cancel := p.WithTimeout(ctx, time.Minute)
				defer cancel()
				if err := check(long, c, 5); err != nil {
					t.Error(err)
				}
				over, cancel := p.WithTimeout(ctx, -time.Second)
				defer cancel()
				if sum, err := c.Add(over, 3, 4); err == nil {
					t.Errorf("3 + 4 is %d after the end of the context", sum)
				}
				if p.Timeout == nil {
					return
				}
				if err := check(p.Timeout(ctx, time.Minute), c, 6); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestCrowdsAreMadeAndEnd(t *testing.T) {
	for _, p := range peers.All() {
		if p.Crowd == nil {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			crowd, err := p.Crowd(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			if err := crowd.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// BenchmarkAdd is for profiles and comparisons of commits; command calls
// compares libraries.
func BenchmarkAdd(b *testing.B) {
	for _, p := range peers.All() {
		b.Run(p.String(), func(b *testing.B) {
			benchmark(b, p, func(ctx context.Context, c peers.Caller) error {
				_, err := c.Add(ctx, 3000, 4000)
				return err
			})
		})
	}
}

// BenchmarkEcho echoes 1 MiB.
func BenchmarkEcho(b *testing.B) {
	text := strings.Repeat("0123456789abcdef", 1<<16)
	for _, p := range peers.All() {
		b.Run(p.String(), func(b *testing.B) {
			benchmark(b, p, func(ctx context.Context, c peers.Caller) error {
				_, err := c.Echo(ctx, text)
				return err
			})
		})
	}
}

func benchmark(b *testing.B, p *peers.Peer, call func(context.Context, peers.Caller) error) {
	c := caller(b, dial(b, open(b, p), 1))
	within(b, c, func(ctx context.Context) {
		b.ReportAllocs()
		for b.Loop() {
			if err := call(ctx, c); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
