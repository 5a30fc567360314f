package turn_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gomas/gomas/turn"
)

func TestTasksBeyondTheLimitAreRefusedUntilOthersHaveBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent()
		var got []string
		log := func(name string) *turn.Item { return turn.Func(func() { got = append(got, name) }) }
		refused := func(name string, limit, waiting int) {
			t.Helper()
			err := a.TryStart(log(name), limit)
			if busy, ok := errors.AsType[*turn.BusyError](err); !ok || busy.Waiting != waiting {
				t.Errorf("%s: %v", name, err)
			}
		}
		taken := func(name string, limit int) {
			t.Helper()
			if err := a.TryStart(log(name), limit); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		var wait turn.Wait
		a.Start(turn.Func(func() {
			wait, _ = turn.Begin(a.ctx, nil)
			_ = wait.Block(a.ctx, "test")
			refused("while four wait", 4, 4)
			got = append(got, "resumed")
		}))
		synctest.Wait()
		if err := a.Do(t.Context(), func() {
			a.Start(log("own")) // does not count
			wait.Wake(nil)      // nor does this
			taken("first", 2)
			taken("second", 2)
			refused("third", 2, 2)
			refused("third, with a lower limit", 1, 2)
			a.Start(log("own again")) // is not refused
			taken("without a limit", 0)
			refused("third, behind that", 3, 3)
			taken("with a higher limit", 4)
			got = append(got, "first of all")
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := a.Do(t.Context(), func() {
			taken("afterwards", 1) // all others have begun
			refused("behind it", 1, 1)
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := []string{
			"first of all", "own", "resumed", "first", "second", "own again", "without a limit",
			"with a higher limit", "afterwards",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestARefusedTaskLeavesTheGroupAtRest(t *testing.T) {
	g := new(turn.Group)
	a := newMember(g, "a")
	if err := a.Do(context.Background(), func() {
		_ = a.TryStart(turn.Func(func() {}), 1)
		err := a.TryStart(turn.Func(func() {}), 1)
		if want := "turn: busy: 1 waiting already"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := g.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}
