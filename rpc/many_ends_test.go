package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestALoopThatIsLeftEarlyWaitsForNobodyAndEndsTheOthers(t *testing.T) {
	for name, leave := range map[string]func(iter.Seq2[int, rpc.Result[int]]){
		"by break": func(results iter.Seq2[int, rpc.Result[int]]) {
			for range results {
				break
			}
		},
		"by a panic": func(results iter.Seq2[int, rpc.Result[int]]) {
			defer func() { _ = recover() }()
			for range results {
				panic("in the body")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(ctx context.Context, t *testing.T) {
				const others = 10
				ended := make(chan error, others)
				results := 0
				leave(func(yield func(int, rpc.Result[int]) bool) {
					rpc.Each(ctx, upTo(1+others), func(ctx context.Context, i int) (int, error) {
						if i == others {
							return i, nil
						}
						err := untilTheEnd(ctx)
						ended <- err
						return 0, err
					})(func(i int, r rpc.Result[int]) bool {
						results++
						return yield(i, r)
					})
				})
				if results != 1 {
					t.Errorf("%d results", results)
				}
				// Without a turn, some may not have begun.
				if turn.From(ctx) == nil {
					return
				}
				if err := turn.Await(ctx, func() {
					for range others {
						if err := <-ended; !errors.Is(err, context.Canceled) {
							t.Errorf("a call ended with %v", err)
						}
					}
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPulledResultsEndWhenTheyAreStopped(t *testing.T) {
	next, stop := iter.Pull2(rpc.Each(within(t), upTo(2), func(ctx context.Context, i int) (int, error) {
		if i == 0 {
			return 7, nil
		}
		return 0, untilTheEnd(ctx)
	}))
	if _, r, ok := next(); !ok || r.Value != 7 || r.Err != nil {
		t.Errorf("%+v, %v", r, ok)
	}
	stop()
	if _, _, ok := next(); ok {
		t.Error("a result after the end")
	}
}

func TestAtTheDeadlineAllThatHaveNotComeFailAtOnce(t *testing.T) {
	run := func(t *testing.T, with func(ctx context.Context, t *testing.T, test func(ctx context.Context, t *testing.T))) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			bounded, cancel := context.WithDeadline(context.Background(), began.Add(2500*time.Millisecond))
			defer cancel()
			with(bounded, t, func(ctx context.Context, t *testing.T) {
				var got []string
				for i, r := range rpc.Each(ctx, upTo(5), func(ctx context.Context, i int) (int, error) {
					// Not stopped by the deadline.
					return i, turn.Sleep(context.WithoutCancel(ctx), nil, time.Duration(5-i)*time.Second)
				}) {
					if late := errors.Is(r.Err, context.DeadlineExceeded); late != (i < 3) || !late && r.Value != i {
						t.Errorf("item %d: %d, error %v", i, r.Value, r.Err)
					}
					got = append(got, fmt.Sprint(i, " after ", time.Since(began)))
					if err := turn.Sleep(context.WithoutCancel(ctx), nil, 0); err != nil {
						t.Error(err)
					}
				}
				want := []string{"4 after 1s", "3 after 2s", "0 after 2.5s", "1 after 2.5s", "2 after 2.5s"}
				if !slices.Equal(got, want) {
					t.Errorf("got %q,\nwant %q", got, want)
				}
			})
			time.Sleep(time.Minute) // in the bubble: the rest ends, to no effect
		})
	}
	t.Run("without a turn", func(t *testing.T) {
		run(t, func(ctx context.Context, t *testing.T, test func(context.Context, *testing.T)) { test(ctx, t) })
	})
	t.Run("with a turn", func(t *testing.T) { run(t, underTurn) })
}

func TestAResultThatComesWhileTheLateOnesAreYieldedIsDropped(t *testing.T) {
	bothWays(t, func(ctx context.Context, t *testing.T) {
		const items = 3
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		alive := context.WithoutCancel(ctx)
		var goOn, returned turn.Event
		var begun, ended atomic.Int32
		results := 0
		for i, r := range rpc.Each(ctx, upTo(items), func(context.Context, int) (int, error) {
			if begun.Add(1) == items {
				cancel() // while all wait
			}
			err := goOn.Wait(alive, nil, "the loop")
			if ended.Add(1) == items {
				returned.Set(nil)
			}
			return 7, err
		}) {
			if results++; r.Value != 0 || !errors.Is(r.Err, context.Canceled) {
				t.Errorf("item %d: %+v", i, r)
			}
			goOn.Set(nil)
			if err := returned.Wait(alive, nil, "the calls"); err != nil {
				t.Error(err)
			}
		}
		if results != items {
			t.Errorf("%d results", results)
		}
	})
}

func TestWithAContextThatHasEndedNoCallIsMade(t *testing.T) {
	reason := errors.New("changed my mind")
	bothWays(t, func(ctx context.Context, t *testing.T) {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(reason)
		_, err := rpc.Gather(ctx, upTo(3), func(context.Context, int) (int, error) {
			t.Error("called")
			return 0, nil
		})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) || strings.Count(err.Error(), "item") != 3 {
			t.Errorf("error %v", err)
		}
	})
}

func TestCallsThatHaveNotBegunWhenTheContextEndsAreNotMade(t *testing.T) {
	underTurn(within(t), t, func(ctx context.Context, t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		var called []int
		values, err := rpc.Gather(ctx, upTo(5), func(_ context.Context, i int) (int, error) {
			if called = append(called, i); i == 2 {
				cancel()
			}
			return i + 1, nil
		})
		if !slices.Equal(called, upTo(3)) || !slices.Equal(values, []int{1, 2, 3, 0, 0}) || !errors.Is(err, context.Canceled) {
			t.Errorf("called %v, values %v, error %v", called, values, err)
		}
	})
}
