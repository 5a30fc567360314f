package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

var errPlanted = errors.New("planted")

// failing returns a scenario that fails with some seeds, those below 10 excepted.
func failing(which func(seed uint64) bool) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		n := local.From(ctx)
		n.Note("begun")
		if seed := n.Seed(); seed >= 10 && which(seed) {
			for range (100 - min(seed, 100)) * 100 { // the lowest takes longest
				if err := clock.Sleep(ctx, n.Clock(), 0); err != nil {
					return err
				}
			}
			return errPlanted
		}
		return nil
	}
}

func explore(t *testing.T, opts *local.ExploreOptions, scenario func(ctx context.Context) error) *local.Finding {
	t.Helper()
	finding, err := local.Explore(t.Context(), opts, scenario)
	if err != nil {
		t.Fatal(err)
	}
	return finding
}

func TestExploreReturnsTheLowestSeedThatFailsHoweverManyRunsAreUnderWay(t *testing.T) {
	sevenths := failing(func(seed uint64) bool { return seed%7 == 0 })
	for _, parallel := range []int{1, 2, 20} {
		f := explore(t, &local.ExploreOptions{Parallel: parallel}, sevenths)
		if f == nil || f.Seed != 14 || f.Err != errPlanted || f.Unsteady != "" || f.Runs < 14 {
			t.Errorf("%d at a time: %v", parallel, f)
		}
	}
}

func TestExploreTriesAsManySeedsAsItIsTold(t *testing.T) {
	for _, test := range []struct {
		name string
		opts local.ExploreOptions
		want int64
	}{
		{"1000 by default", local.ExploreOptions{}, 1000},
		{"a number", local.ExploreOptions{Runs: 17, Parallel: 3}, 17},
		{"fewer than are under way", local.ExploreOptions{Runs: 2, Parallel: 9}, 2},
		{"one at least in no time", local.ExploreOptions{Time: 1, Parallel: 1}, 1},
		{"those that there are", local.ExploreOptions{First: 1<<64 - 3}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			var runs atomic.Int64
			f := explore(t, &test.opts, func(context.Context) error { runs.Add(1); return nil })
			if f != nil || runs.Load() != test.want {
				t.Errorf("%d runs, found %v; want %d", runs.Load(), f, test.want)
			}
		})
	}
}

func TestExploreBeginsWithTheFirstSeed(t *testing.T) {
	f := explore(t, &local.ExploreOptions{First: 15}, failing(func(seed uint64) bool { return seed%7 == 0 }))
	if f == nil || f.Seed != 21 {
		t.Errorf("found %v", f)
	}
}

func TestExploreFindsWhateverEndsARun(t *testing.T) {
	for _, test := range []struct {
		name string
		fail func(ctx context.Context) error
		want string
	}{
		{"an error", func(context.Context) error { return errPlanted }, "planted"},
		{"a panic", func(context.Context) error { panic("boo") }, "main panicked: boo"},
		{"a deadlock", func(ctx context.Context) error {
			return new(turn.Event).Wait(ctx, nil, "what never comes")
		}, "main waits for what never comes"},
		{"the end of its goroutine", func(context.Context) error {
			runtime.Goexit()
			return nil
		}, "has ended its goroutine"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := explore(t, nil, func(ctx context.Context) error {
				local.From(ctx).Note("about to")
				if local.From(ctx).Rand("coin").IntN(50) == 0 {
					return test.fail(ctx)
				}
				return nil
			})
			if f == nil || !strings.Contains(f.Err.Error(), test.want) || f.Unsteady != "" {
				t.Fatalf("found %v", f)
			}
			for _, want := range []string{fmt.Sprintf("seed %d fails", f.Seed), test.want, "about to", fmt.Sprintf("local.Options{Seed: %d}", f.Seed)} {
				if !strings.Contains(f.String(), want) {
					t.Errorf("no %q in:\n%v", want, f)
				}
			}
		})
	}
}

func TestExploreFindsATaskThatBlocksAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that no other seed stalls on a busy machine
		release := make(chan struct{})
		defer close(release)
		opts := &local.ExploreOptions{First: 10, Network: local.Options{Stall: 200 * time.Millisecond}}
		f := explore(t, opts, func(ctx context.Context) error {
			if local.From(ctx).Seed() == 12 {
				<-release
			}
			return nil
		})
		var stalled *local.StallError
		if f == nil || f.Seed != 12 || !errors.As(f.Err, &stalled) || f.Unsteady != "" {
			t.Errorf("found %v", f)
		}
	})
}

func TestAFindingSaysIfTheRunIsNotTheSameAgain(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(ctx context.Context, before int64) error
		want string
	}{
		{"it passes", func(_ context.Context, before int64) error {
			if before == 0 {
				return errPlanted
			}
			return nil
		}, "it passed"},
		{"it passes the second time", func(_ context.Context, before int64) error {
			if before < 2 {
				return errPlanted
			}
			return nil
		}, "it passed"},
		{"its error is another", func(_ context.Context, before int64) error {
			return fmt.Errorf("wrong %d", before)
		}, "failed in another way: wrong 1"},
		{"its events are others", func(ctx context.Context, before int64) error {
			local.From(ctx).Note(fmt.Sprint(before))
			return errPlanted
		}, "other frames"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var runs atomic.Int64
			f := explore(t, &local.ExploreOptions{Parallel: 1}, func(ctx context.Context) error {
				return test.run(ctx, runs.Add(1)-1)
			})
			if f == nil || !strings.Contains(f.Unsteady, test.want) || !strings.Contains(f.String(), f.Unsteady) {
				t.Errorf("found %v", f)
			}
		})
	}
}

func TestAFindingKeepsTheEndOfItsTrace(t *testing.T) {
	f := explore(t, &local.ExploreOptions{Keep: 3}, func(ctx context.Context) error {
		for i := range 10 {
			local.From(ctx).Note(fmt.Sprint("note ", i))
		}
		return errPlanted
	})
	if f == nil || len(f.Events) != 3 || f.Events[0].Note != "note 7" {
		t.Errorf("found %v", f)
	}
}

func TestExploreEndsWithItsContextAndReturnsWhatItHasFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	screen := &terminal{mode: fs.ModeCharDevice, shown: func(text string) {
		if strings.Contains(text, "seed 2 fails, 1 under way") {
			cancel()
		}
	}}
	f, err := local.Explore(ctx, &local.ExploreOptions{Parallel: 2, Progress: screen}, func(ctx context.Context) error {
		n := local.From(ctx)
		if n.Seed() == 2 {
			return errPlanted
		}
		for {
			if err := clock.Sleep(ctx, n.Clock(), time.Hour); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, context.Canceled) || f == nil || f.Seed != 2 || f.Err != errPlanted {
		t.Errorf("found %v, error %v", f, err)
	}
}

// terminal looks like one.
type terminal struct {
	bytes.Buffer
	mode  fs.FileMode
	shown func(text string)
}

func (t *terminal) WriteString(text string) (int, error) {
	if t.shown != nil {
		t.shown(text)
	}
	return t.Buffer.WriteString(text)
}

func (t *terminal) Stat() (fs.FileInfo, error) { return device{mode: t.mode}, nil }

type device struct {
	fs.FileInfo
	mode fs.FileMode
}

func (d device) Mode() fs.FileMode { return d.mode }

func TestExploreShowsItsProgressOnATerminalOnly(t *testing.T) {
	screen := &terminal{mode: fs.ModeDevice | fs.ModeCharDevice}
	explore(t, &local.ExploreOptions{Runs: 3, Progress: screen}, func(context.Context) error { return nil })
	text := screen.String()
	if !strings.HasPrefix(text, "\r") || !strings.Contains(text, " of 3 runs in 0s") || !strings.HasSuffix(text, " \r") || strings.Contains(text, "\n") {
		t.Errorf("%q", text)
	}
	file := new(terminal)
	explore(t, &local.ExploreOptions{Runs: 3, Progress: file}, func(context.Context) error { return nil })
	if file.Len() > 0 {
		t.Errorf("in a file: %q", file.String())
	}
}

func BenchmarkExplore(b *testing.B) {
	for _, p := range planted {
		b.Run(strings.ReplaceAll(p.name, " ", "-"), func(b *testing.B) {
			if f, err := local.Explore(b.Context(), &local.ExploreOptions{Network: p.network, Runs: b.N}, p.fixed); f != nil || err != nil {
				b.Fatal(f, err)
			}
		})
	}
}
