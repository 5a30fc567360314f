package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// bothWays runs a test from code that has no turn and from code that has one.
func bothWays(t *testing.T, test func(ctx context.Context, t *testing.T)) {
	t.Run("without a turn", func(t *testing.T) { test(within(t), t) })
	t.Run("with a turn", func(t *testing.T) { underTurn(within(t), t, test) })
}

// underTurn runs a test under a turn, which its context names.
func underTurn(ctx context.Context, t *testing.T, test func(ctx context.Context, t *testing.T)) {
	t.Helper()
	own := new(turn.Own)
	own.Check()
	if err := own.Do(ctx, func() { test(turn.With(ctx, own), t) }); err != nil {
		t.Error(err)
	}
}

// upTo returns the numbers from 0 to n-1.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// untilTheEnd waits until its context ends.
func untilTheEnd(ctx context.Context) error {
	var never turn.Event
	return never.Wait(ctx, nil, "the end")
}

func TestEachYieldsEveryRemoteOnceWithItsResult(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		var remotes []rpc.Remote
		want := make(map[rpc.Remote]int)
		for i := range 10 {
			svc := rpc.NewService()
			add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return i + a + b, nil })
			root := rpc.NewService()
			root.Mount("sub", svc)
			r := remote(t, root).Sub("sub")
			remotes, want[r] = append(remotes, r), i+7
		}
		bothWays(t, func(ctx context.Context, t *testing.T) {
			got := make(map[rpc.Remote]int)
			for to, r := range rpc.Each(ctx, remotes, func(ctx context.Context, to rpc.Remote) (int, error) {
				return add.Call(ctx, to, 3, 4)
			}) {
				if _, twice := got[to]; twice || r.Err != nil || r.Value != want[to] {
					t.Errorf("%v: %d, error %v, want %d; again: %v", to, r.Value, r.Err, want[to], twice)
				}
				got[to] = r.Value
			}
			if len(got) != len(want) {
				t.Errorf("%d of %d remotes", len(got), len(want))
			}
		})
	})
}

func TestAHandlerThatCallsManyKeepsItsStateWithoutLocks(t *testing.T) {
	const collect rpc.Func0[int] = "collect()"
	const calls, handlers = 50, 8
	own := new(turn.Own)
	own.Check()
	svc := rpc.NewService()
	svc.UseTurn(own)
	var mine account // belongs to the turn
	collect.Handle(svc, func(ctx context.Context) (int, error) {
		caller := rpc.Caller(ctx)
		total := 0
		for i, r := range rpc.Each(ctx, upTo(calls), func(ctx context.Context, i int) (int, error) {
			if rpc.Caller(ctx) != caller || turn.From(ctx) != turn.Turn(own) {
				return 0, errors.New("the context has another caller or turn")
			}
			if _, err := mine.deposit(ctx, 1); err != nil {
				return 0, err
			}
			n, err := add.Call(ctx, caller.Remote(), i, 1)
			if err == nil {
				_, err = mine.deposit(ctx, n)
			}
			return n, err
		}) {
			if r.Err != nil || r.Value != i+1 {
				return 0, fmt.Errorf("item %d: %d, %w", i, r.Value, r.Err)
			}
			if _, err := mine.deposit(ctx, 0); err != nil {
				return 0, err
			}
			total += r.Value
		}
		return total, nil
	})
	r := dial(t, serve(t, anyPort, svc, nil), calculator(), nil).Remote()
	const total = calls * (calls + 1) / 2
	sums, err := rpc.Gather(within(t), upTo(handlers), func(ctx context.Context, _ int) (int, error) {
		return collect.Call(ctx, r)
	})
	if err != nil || slices.ContainsFunc(sums, func(n int) bool { return n != total }) {
		t.Errorf("sums %v, error %v, want %d", sums, err, total)
	}
	if want := handlers * (calls + total); mine.balance != want {
		t.Errorf("balance %d, want %d", mine.balance, want)
	}
}

func TestUnderATurnCallsBeginInOrderAndResultsComeInTheOrderOfTheirEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		items := upTo(rapid.IntRange(1, 20).Draw(rt, "items"))
		ends := rapid.Permutation(items).Draw(rt, "order of the ends")
		underTurn(context.Background(), t, func(ctx context.Context, _ *testing.T) {
			var begun, got []int
			mayEnd := make([]turn.Event, len(items))
			for i, r := range rpc.Each(ctx, items, func(ctx context.Context, i int) (int, error) {
				if begun = append(begun, i); len(begun) == len(items) {
					for _, next := range ends {
						mayEnd[next].Set(nil)
					}
				}
				return i, mayEnd[i].Wait(ctx, nil, "the order")
			}) {
				if r.Err != nil || r.Value != i {
					rt.Errorf("item %d: %d, error %v", i, r.Value, r.Err)
				}
				got = append(got, i)
			}
			// The last to begin need not wait, so it ends before the others.
			last := len(items) - 1
			want := append([]int{last}, slices.DeleteFunc(slices.Clone(ends), func(i int) bool { return i == last })...)
			if !slices.Equal(begun, items) || !slices.Equal(got, want) {
				rt.Errorf("began in order %v, came in order %v, want %v", begun, got, want)
			}
		})
	})
}

func TestGatherAgreesWithALoop(t *testing.T) {
	boom := errors.New("boom")
	outcome := func(i int, kind string) (int, error) {
		switch kind {
		case "fails":
			return i, boom
		case "panics":
			panic(boom)
		case "ends its goroutine":
			runtime.Goexit()
		}
		return i, nil
	}
	bothWays(t, func(ctx context.Context, t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			kinds := rapid.SliceOf(rapid.SampledFrom([]string{
				"succeeds", "succeeds late", "fails", "panics", "ends its goroutine",
			})).Draw(rt, "kinds")
			values, err := rpc.Gather(ctx, upTo(len(kinds)), func(ctx context.Context, i int) (int, error) {
				if kinds[i] == "succeeds late" {
					if err := turn.Sleep(ctx, nil, time.Microsecond); err != nil {
						return 0, err
					}
				}
				return outcome(i+1, kinds[i])
			})
			var failed []error
			if err != nil {
				failed = err.(interface{ Unwrap() []error }).Unwrap()
			}
			for i, kind := range kinds {
				want := i + 1
				if kind == "panics" || kind == "ends its goroutine" {
					want = 0
				}
				if values[i] != want {
					rt.Errorf("item %d, which %s: %d", i, kind, values[i])
				}
				if strings.HasPrefix(kind, "succeeds") {
					continue
				}
				var item *rpc.ItemError
				if len(failed) == 0 || !errors.As(failed[0], &item) || item.Index != i {
					rt.Fatalf("item %d, which %s, has no error in its place: %v", i, kind, failed)
				}
				var p *rpc.PanicError
				if errors.Is(item, boom) != (kind == "fails") || errors.As(item, &p) != (kind == "panics") {
					rt.Errorf("item %d, which %s: %v", i, kind, item)
				}
				failed = failed[1:]
			}
			if len(failed) > 0 || len(values) != len(kinds) {
				rt.Errorf("%d values of %d, more errors: %v", len(values), len(kinds), failed)
			}
		})
	})
}

func TestAPanicInACallIsItsResultWithTheStack(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		for _, r := range rpc.Each(ctx, upTo(1), func(context.Context, int) (int, error) { panic("eggs") }) {
			var p *rpc.PanicError
			if !errors.As(r.Err, &p) || p.Value != "eggs" || !strings.Contains(p.Stack, "TestAPanicInACallIsItsResult") {
				t.Errorf("error %+v", r.Err)
			}
		}
	})
}

func TestFirstTakesTheFirstSuccessAndEndsTheOthers(t *testing.T) {
	boom := errors.New("boom")
	bothWays(t, func(ctx context.Context, t *testing.T) {
		ended := make(chan error, 2)
		text, n, err := rpc.First(ctx, []string{"hangs", "fails", "succeeds", "hangs too"}, func(ctx context.Context, text string) (int, error) {
			switch text {
			case "fails":
				return 1, boom
			case "succeeds":
				return 2, turn.Sleep(ctx, nil, time.Millisecond)
			}
			err := untilTheEnd(ctx)
			ended <- err
			return 3, err
		})
		if text != "succeeds" || n != 2 || err != nil {
			t.Errorf("%q with %d, error %v", text, n, err)
		}
		if err := turn.Await(ctx, func() {
			for range cap(ended) {
				err := <-ended
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "no longer wanted") {
					t.Errorf("a call that hung ended with %v", err)
				}
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestFirstJoinsTheErrorsIfAllFail(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		item, n, err := rpc.First(ctx, []int{3, 4}, func(_ context.Context, i int) (int, error) {
			return i, fmt.Errorf("%d failed", i)
		})
		if want := "item 0: 3 failed\nitem 1: 4 failed"; err == nil || err.Error() != want || item != 0 || n != 0 {
			t.Errorf("item %d, value %d, error %q", item, n, err)
		}
	})
}

func TestOfNoItemsThereAreNoResults(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		fn := func(context.Context, int) (int, error) { return 0, errors.New("called") }
		for range rpc.Each(ctx, nil, fn) {
			t.Error("a result")
		}
		if values, err := rpc.Gather(ctx, nil, fn); len(values) != 0 || err != nil {
			t.Errorf("values %v, error %v", values, err)
		}
		if _, _, err := rpc.First(ctx, nil, fn); err == nil {
			t.Error("the first of none")
		}
	})
}

func TestEveryRangeOverTheResultsMakesAllCalls(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		var mu sync.Mutex
		calls := 0
		results := rpc.Each(ctx, upTo(3), func(context.Context, int) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			return calls, nil
		})
		if calls != 0 {
			t.Error("calls before the range")
		}
		for round := 1; round <= 2; round++ {
			for _, r := range results {
				if r.Err != nil || r.Value <= 3*(round-1) || r.Value > 3*round {
					t.Errorf("round %d: %+v", round, r)
				}
			}
		}
	})
}

func TestCodeThatDoesNotHoldTheTurnOfItsContextGetsErrors(t *testing.T) {
	try := func(t *testing.T, own *turn.Own) {
		_, err := rpc.Gather(turn.With(within(t), own), upTo(3), func(context.Context, int) (int, error) {
			t.Error("called")
			return 0, nil
		})
		if !errors.Is(err, turn.ErrMisuse) || strings.Count(err.Error(), "item") != 3 {
			t.Errorf("error %v", err)
		}
	}
	t.Run("nobody holds it", func(t *testing.T) {
		for range 100 {
			try(t, new(turn.Own))
		}
	})
	t.Run("the code that started the goroutine does", func(t *testing.T) {
		own := new(turn.Own)
		own.Check()
		if err := own.Do(within(t), func() {
			var wg sync.WaitGroup
			wg.Go(func() { try(t, own) })
			wg.Wait()
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestCallsOfManyMayCallManyThemselves(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		r := remote(t, calculator())
		sums, err := rpc.Gather(ctx, upTo(5), func(ctx context.Context, i int) (sum int, err error) {
			values, err := rpc.Gather(ctx, upTo(5), func(ctx context.Context, k int) (int, error) {
				return add.Call(ctx, r, 10*i, k)
			})
			for _, n := range values {
				sum += n
			}
			return sum, err
		})
		if want := []int{10, 60, 110, 160, 210}; err != nil || !slices.Equal(sums, want) {
			t.Errorf("sums %v, error %v", sums, err)
		}
	})
}

func TestManyItemsAreCalledAtOnce(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		var mu sync.Mutex
		var all turn.Event
		begun := 0
		values, err := rpc.Gather(ctx, upTo(manyCalls), func(ctx context.Context, i int) (int, error) {
			mu.Lock()
			begun++
			last := begun == manyCalls
			mu.Unlock()
			if last {
				all.Set(nil)
			}
			return i, all.Wait(ctx, nil, "all others")
		})
		if err != nil || !slices.Equal(values, upTo(manyCalls)) {
			t.Errorf("error %v", err)
		}
	})
}
