package channel_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
)

// silent listens, reads what comes and answers nothing.
func silent(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				buf := make([]byte, 4<<10)
				for {
					if _, err := nc.Read(buf); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return "tcp://" + ln.Addr().String()
}

func TestAnAskTimesOut(t *testing.T) {
	conn, err := channel.Dial(t.Context(), silent(t), &channel.Options{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(); _ = conn.Wait(context.Background()) }()
	never, cancel := context.WithCancel(channel.Timeout(t.Context(), 0))
	var forever sync.WaitGroup
	forever.Go(func() {
		if err := conn.Ask(never, 1, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("without a time-out: %v", err)
		}
	})
	var wg sync.WaitGroup
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond, 10 * time.Millisecond} {
		for range 20 {
			wg.Go(func() {
				ctx, want := t.Context(), 20*time.Millisecond
				if after != 0 {
					ctx, want = channel.Timeout(ctx, after), after
				}
				start := time.Now()
				err := conn.Ask(ctx, 1, nil)
				var timeout *channel.TimeoutError
				if !errors.As(err, &timeout) || timeout.After != want || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took < want {
					t.Errorf("timed out after %v, too early for %v", took, want)
				}
			})
		}
	}
	wg.Wait()
	cancel()
	forever.Wait()
}

func TestATimeOutHarmsNobody(t *testing.T) {
	release := make(chan bool)
	srv, err := channel.Listen(t.Context(), "tcp://127.0.0.1:0", func(ctx context.Context, conn *channel.Conn) {
		for {
			req, err := conn.Receive(ctx)
			if err != nil {
				return
			}
			go func() {
				slow, err := channel.Content[bool](req)
				if err != nil {
					t.Error(err)
				}
				if slow {
					<-release
				}
				_ = req.Reply(ctx, slow)
			}()
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := channel.Dial(t.Context(), srv.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(); _ = srv.Shutdown(context.Background()) }()
	ctx := channel.Timeout(t.Context(), 10*time.Millisecond)
	for range 3 {
		if _, err := channel.Ask[bool](ctx, conn, true); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	close(release) // now the late replies come, before or after the next ones
	for range 100 {
		if slow, err := channel.Ask[bool](t.Context(), conn, false); slow || err != nil {
			t.Fatalf("got %v, %v", slow, err)
		}
	}
}

func TestWaitingForRoomTimesOut(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := channel.Dial(t.Context(), "tcp://"+ln.Addr().String(), &channel.Options{
		Timeout: 10 * time.Millisecond,
		Limits:  channel.Limits{Output: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(); _ = conn.Wait(context.Background()) }()
	large := make([]int, 2<<20) // more than the sockets take, and nobody reads
	for range 3 {
		if err := conn.Ask(t.Context(), large, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
}
