package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// The code of docs/machines.md.

// servePlant is a program for one of many machines.
func servePlant(ctx context.Context, addr string) error {
	c, err := gomas.NewContainer(ctx, addr, &gomas.Options{
		Patience:   30 * time.Second, // peers may be restarted meanwhile
		Timeout:    10 * time.Second, // of each call, unless rpc.Timeout says otherwise
		MaxWaiting: 1000,             // calls that wait for one agent
		StuckAfter: 5 * time.Second,  // an agent that blocks is logged
		Limits: channel.Limits{
			Frame: 1 << 20, // bytes; our messages are short
			Conns: 500,
		},
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	if _, err := gomas.Spawn(ctx, c, NewPlant); err != nil {
		return errors.Join(err, c.Close())
	}
	return gomas.Serve(ctx, 10*time.Second, c) // until SIGTERM or Ctrl-C
}

func TestTheMachineOfTheGuideServesUntilItIsTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "g") // short, as the path of a socket must be
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // only temporary files
	addr := "ipc://[" + filepath.Join(dir, "s") + "]"
	told, tell := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- servePlant(told, addr) }()

	remote, err := container(t).WaitFor(t.Context(), addr+"/0")
	if err != nil {
		t.Fatal(err)
	}
	if err := Set.Call(t.Context(), remote, 120); err != nil {
		t.Error(err)
	}
	tell()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func Example_machinesStartInAnyOrder() {
	ctx := context.Background()
	c, all, stop := plants(1)
	defer stop()
	url := all[0].URL()

	soon, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	plant, err := c.WaitFor(soon, url) // wherever it is, and if it is still to be started
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(Set.Call(ctx, plant, 120))
	// Output: <nil>
}

// whatHappened tells what an error of a call means.
func whatHappened(err error) string {
	failure, isFailure := errors.AsType[*rpc.RemoteError](err)
	lost, isLost := errors.AsType[*channel.LostError](err)
	_, isAway := errors.AsType[*channel.AwayError](err)
	_, isNoConnection := errors.AsType[*channel.DialError](err)
	_, isUnfit := errors.AsType[*codec.UnsupportedError](err)
	switch {
	case err == nil:
		return "it was done"
	case isFailure:
		return "the other side said no: " + failure.Message
	case isLost && !lost.Unsent:
		return "it may have been done"
	case isLost, isAway, isNoConnection, isUnfit:
		return "it was not done"
	default: // no reply in time
		return "it may have been done"
	}
}

func Example_whatHappened() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	other, _, stopOther := plants(0)
	defer stopOther()
	remote, err := other.Connect(ctx, all[0].URL())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(whatHappened(Set.Call(ctx, remote, 120)))
	fmt.Println(whatHappened(Set.Call(ctx, remote, -1)))
	fmt.Println(whatHappened(rpc.Notify(ctx, remote, "set", make(chan int))))
	fmt.Println(whatHappened(&channel.LostError{Err: io.EOF}))
	fmt.Println(whatHappened(&channel.LostError{Err: io.EOF, Unsent: true}))
	fmt.Println(whatHappened(&channel.DialError{Err: io.EOF}))
	// Output:
	// it was done
	// the other side said no: less than nothing
	// it was not done
	// it may have been done
	// it was not done
	// it was not done
}

func Example_repeatable() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	plant := all[0].Remote()

	err := Set.Call(rpc.Repeatable(ctx), plant, 120) // to set it twice does no harm
	fmt.Println(err)
	// Output: <nil>
}
