package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// asker is a connection to a gomas at a wire, and the outcomes of what it asks.
type asker struct {
	*channel.Conn
	*wire
	outcomes chan error
}

// inBubble runs a test with a fake clock, on a connection to a gomas.
func inBubble(t *testing.T, opts *channel.Options, test func(t *testing.T, a asker)) {
	synctest.Test(t, func(t *testing.T) {
		c, w := overWire(t, nil, opts)
		w.hello()
		test(t, asker{c, w, make(chan error, 1000)})
		_ = c.Close()
	})
}

// ask begins to ask, and returns when everything that follows has happened.
func (a asker) ask(ctx context.Context, content any) {
	go func() { a.outcomes <- a.Ask(ctx, content, nil) }()
	synctest.Wait()
}

// sends checks what was sent.
func (a asker) sends(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := a.take(); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestAGomasIsToldOfAsksThatAreGivenUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, a asker) {
		ctx, cancel := context.WithCancel(t.Context())
		a.ask(t.Context(), "a")
		a.ask(ctx, "b")
		a.ask(channel.Timeout(t.Context(), 2*time.Second), "c")
		a.ask(channel.Timeout(t.Context(), time.Second), "d")
		a.sends(t, `[0, 0, "a"]`, `[0, 1, "b"]`, `[0, 2, "c", 2000]`, `[0, 3, "d", 1000]`)
		cancel()
		a.sends(t, `[3, 1, null]`)
		time.Sleep(time.Second)
		a.sends(t, `[3, 3, null]`)
		time.Sleep(time.Second)
		a.sends(t, `[3, 2, null]`)
		time.Sleep(time.Hour)
		a.sends(t)
		if got, want := a.Kept(), (channel.Kept{Asks: 1, Abandoned: 3}); got != want {
			t.Errorf("kept %+v, want %+v", got, want)
		}
		a.deliver(`[1, 3, null]`, `[2, 1, "CancelledError\n"]`, `[1, 2, null]`, `[1, 0, null]`) // they are answered all the same
		synctest.Wait()
		if got := a.Kept(); got != (channel.Kept{}) {
			t.Errorf("kept %+v", got)
		}
		if err := ended(a.Conn); err != nil {
			t.Errorf("the connection ended: %v", err)
		}
	})
}

func TestAsksThatWereAnsweredAreNotGivenUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, a asker) {
		ctx, cancel := context.WithCancel(t.Context())
		a.ask(channel.Timeout(ctx, time.Second), "x")
		a.sends(t, `[0, 0, "x", 1000]`)
		a.deliver(`[1, 0, null]`)
		cancel()
		time.Sleep(time.Hour)
		a.sends(t)
	})
}

func TestAsksThatWereNotSentAreNotGivenUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, a asker) {
		a.block(true)
		ctx, cancel := context.WithCancel(t.Context())
		a.ask(ctx, "waits for room")
		a.ask(channel.Timeout(t.Context(), time.Second), "waits a second for room")
		cancel()
		time.Sleep(2 * time.Second)
		a.block(false)
		a.sends(t)
		if got := a.Kept(); got != (channel.Kept{}) {
			t.Errorf("kept %+v", got)
		}
		a.ask(t.Context(), "later")
		a.sends(t, `[0, 2, "later"]`)
	})
}

func TestGivingUpDoesNotWaitForRoom(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, a asker) {
		ctx, cancel := context.WithCancel(t.Context())
		a.ask(ctx, "a")
		a.ask(channel.Timeout(t.Context(), time.Second), "b")
		a.take()
		a.block(true)
		a.ask(t.Context(), "waits for room")
		cancel()
		a.sends(t, `[3, 0, null]`)
		time.Sleep(time.Second)
		a.sends(t, `[3, 1, null]`)
		a.block(false)
		a.sends(t, `[0, 2, "waits for room"]`)
	})
}

// slow is a value that takes a while to be encoded, and may fail to be.
type slow struct {
	takes time.Duration
	fails bool
}

func slowTypes(t *testing.T) *codec.Types {
	types := new(codec.Types)
	err := codec.Register(types, func(s slow) (any, error) {
		time.Sleep(s.takes)
		if s.fails {
			return nil, errors.New("spam")
		}
		return 1, nil
	}, func(any) (slow, error) { return slow{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestATimeOutMayComeBeforeTheRequestHasBeenSent(t *testing.T) {
	const sent = `[0, 0, {"__type__": [0, 1]}, 1000]`
	ctx := channel.Timeout(context.Background(), time.Second)
	opts := &channel.Options{Types: slowTypes(t)}
	check := func(t *testing.T, a asker, abandoned int) {
		t.Helper()
		if err := <-a.outcomes; !isA[*channel.TimeoutError](err) {
			t.Errorf("got %v", err)
		}
		if got, want := a.Kept(), (channel.Kept{Abandoned: abandoned}); got != want {
			t.Errorf("kept %+v, want %+v", got, want)
		}
	}
	t.Run("then it is sent and given up, in this order", func(t *testing.T) {
		inBubble(t, opts, func(t *testing.T, a asker) {
			a.ask(ctx, slow{takes: time.Minute})
			time.Sleep(time.Hour)
			a.sends(t, sent, `[3, 0, null]`)
			check(t, a, 1)
		})
	})
	t.Run("then it is not sent if there is no room", func(t *testing.T) {
		inBubble(t, opts, func(t *testing.T, a asker) {
			a.block(true)
			a.ask(ctx, slow{takes: time.Minute})
			time.Sleep(time.Hour)
			a.block(false)
			a.sends(t)
			check(t, a, 0)
		})
	})
	t.Run("nor if it cannot be encoded", func(t *testing.T) {
		inBubble(t, opts, func(t *testing.T, a asker) {
			a.ask(ctx, slow{takes: time.Minute, fails: true})
			time.Sleep(time.Hour)
			a.sends(t)
			if err := <-a.outcomes; err == nil || !strings.Contains(err.Error(), "spam") {
				t.Errorf("got %v", err)
			}
			if got := a.Kept(); got != (channel.Kept{}) {
				t.Errorf("kept %+v", got)
			}
		})
	})
}

func TestARequestTellsHowLongItsCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bounded := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			context.AfterFunc(t.Context(), cancel)
			return ctx
		}
		for _, test := range []struct {
			name string
			ctx  context.Context
			opts channel.Options
			want string // the fourth item
		}{
			{"for ever", t.Context(), channel.Options{}, ""},
			{"a deadline", bounded(3 * time.Second), channel.Options{}, ", 3000"},
			{"a time-out", channel.Timeout(t.Context(), 2*time.Second), channel.Options{}, ", 2000"},
			{"a time-out of the options", t.Context(), channel.Options{Timeout: time.Second}, ", 1000"},
			{"a time-out that lifts that of the options", channel.Timeout(t.Context(), 0), channel.Options{Timeout: time.Second}, ""},
			{"a deadline before the time-out", channel.Timeout(bounded(3*time.Second), 4*time.Second), channel.Options{}, ", 3000"},
			{"a time-out before the deadline", channel.Timeout(bounded(3*time.Second), 2*time.Second), channel.Options{}, ", 2000"},
			{"a fraction of a millisecond", channel.Timeout(t.Context(), 1), channel.Options{}, ", 1"},
			{"a millisecond", channel.Timeout(t.Context(), time.Millisecond), channel.Options{}, ", 1"},
			{"a little more", channel.Timeout(t.Context(), time.Millisecond+1), channel.Options{}, ", 2"},
			{"a deadline beyond all time", bounded(math.MaxInt64), channel.Options{}, ", 9223372036855"},
			{"a time-out of all time", channel.Timeout(t.Context(), math.MaxInt64), channel.Options{}, ", 9223372036855"},
		} {
			c, w := overWire(t, nil, &test.opts)
			go func() { _ = c.Ask(test.ctx, "before", nil) }()
			synctest.Wait()
			if got, want := w.take(), `[0, 0, "before"]`+jsonMark; !slices.Equal(got, []string{want}) {
				t.Errorf("%s: a peer that is not known got %q, want %q", test.name, got, want)
			}
			w.hello()
			go func() { _ = c.Ask(test.ctx, "x", nil) }()
			synctest.Wait()
			if got, want := w.take(), `[0, 1, "x"`+test.want+`]`; !slices.Equal(got, []string{want}) {
				t.Errorf("%s: sent %q, want %q", test.name, got, want)
			}
			_ = c.Close()
		}
	})
}

func TestWhatIsLeftIsNeverLessThanWhatThePeerSaid(t *testing.T) {
	peer := new(work)
	c, w := overWire(t, peer.dispatch, nil)
	w.hello()
	for i, test := range []struct {
		said string
		want time.Duration
	}{
		{"", 0},
		{", 1", time.Millisecond},
		{", 1500", 1500 * time.Millisecond},
		{", 9223372036854", 9223372036854 * time.Millisecond},
		{", 9223372036855", 0}, // longer than a Duration: no limit
		{", 18446744073709551615", 0},
	} {
		w.deliver(fmt.Sprintf(`[0, %d, null%s]`, i, test.said))
		if got := peer.requests[i].Left(); got != test.want {
			t.Errorf("%q: %v left, want %v", test.said, got, test.want)
		}
	}
	w.deliver(`[0, 100, null, 0]`)
	if err := ended(c); !protocol(err) {
		t.Errorf("a request without time left: %v", err)
	}
}

func TestATakerIsToldOnceThatItsRequestWasGivenUp(t *testing.T) {
	peer := new(work)
	c, w := overWire(t, peer.dispatch, nil)
	w.hello()
	for id := range 10 { // the later, the smaller the id
		w.deliver(fmt.Sprintf(`[0, %d, null]`, 9-id))
	}
	if err := peer.requests[4].Reply(t.Context(), "done"); err != nil {
		t.Fatal(err)
	}
	givenUp := func(places ...int) (notes []note) {
		for _, place := range places {
			notes = append(notes, note{place, channel.ErrGivenUp})
		}
		return notes
	}
	for _, test := range []struct {
		name, cancel string
		want         []note
	}{
		{"with a cancel", `[3, 7, null]`, givenUp(2)},
		{"with a second one", `[3, 7, null]`, nil},
		{"with content that means nothing", `[3, 0, [{"x": "y"}]]`, givenUp(9)},
		{"for a request that was answered", `[3, 5, null]`, nil},
		{"for a request that never was", `[3, 1000, null]`, nil},
		{"for the largest id", `[3, 18446744073709551615, null]`, nil},
	} {
		w.deliver(test.cancel)
		if got := peer.notices(); !slices.Equal(got, test.want) {
			t.Errorf("%s: told %v, want %v", test.name, got, test.want)
		}
	}
	if err := peer.requests[2].Reply(t.Context(), "all the same"); err != nil {
		t.Error(err)
	}
	if got, want := w.take(), []string{`[1, 5, "done"]`, `[1, 7, "all the same"]`}; !slices.Equal(got, want) {
		t.Errorf("sent %q", got)
	}

	_ = c.Close()
	var want []note // in the order of the ids, without those that were told or answered
	for _, place := range []int{8, 7, 6, 5, 3, 1, 0} {
		want = append(want, note{place, c.Err()})
	}
	if got := peer.notices(); !slices.Equal(got, want) {
		t.Errorf("at the end told %v, want %v", got, want)
	}
	if got := c.Kept().Requests; got != 8 {
		t.Errorf("%d requests have no answer, want 8", got)
	}
	for _, r := range peer.requests {
		_ = r.Fail(t.Context(), errors.New("too late"))
	}
	if got := c.Kept(); got != (channel.Kept{}) {
		t.Errorf("kept %+v", got)
	}
}

func TestATakerIsToldOnlyWhenItHasTakenOver(t *testing.T) {
	var during []note
	peer := new(work)
	peer.taking = func(task *task) {
		_ = task.request.Conn().Close()
		during = peer.notices()
	}
	c, w := overWire(t, peer.dispatch, nil)
	w.deliver(`[0, 0, null]`)
	if len(during) > 0 {
		t.Errorf("inside Take it was told %v", during)
	}
	if got, want := peer.notices(), []note{{0, c.Err()}}; !slices.Equal(got, want) {
		t.Errorf("afterwards it was told %v, want %v", got, want)
	}
}

func TestWhoAnswersWithinTakeIsNotToldAnything(t *testing.T) {
	peer := &work{taking: func(task *task) { _ = task.request.Reply(t.Context(), 1) }}
	c, w := overWire(t, peer.dispatch, nil)
	w.hello()
	w.deliver(`[0, 0, null]`, `[3, 0, null]`)
	_ = c.Close()
	if got := peer.notices(); len(got) > 0 {
		t.Errorf("told %v", got)
	}
}

func TestACancelRacesWithTheAnswerAndTheEnd(t *testing.T) {
	const requests = 50
	for range 50 {
		peer := new(work)
		c, w := overWire(t, peer.dispatch, nil)
		w.hello()
		for id := range requests {
			w.deliver(fmt.Sprintf(`[0, %d, null]`, id))
		}
		var running sync.WaitGroup
		running.Go(func() {
			for id := range requests {
				w.deliver(fmt.Sprintf(`[3, %d, null]`, id))
			}
		})
		running.Go(func() {
			for _, r := range peer.requests {
				_ = r.Reply(t.Context(), nil)
			}
		})
		running.Go(func() { _ = c.Close() })
		running.Wait()
		told := make(map[int]int)
		for _, n := range peer.notices() {
			if told[n.request]++; told[n.request] > 1 {
				t.Errorf("request %d was given up twice", n.request)
			}
		}
		if got := c.Kept(); got != (channel.Kept{}) {
			t.Errorf("kept %+v", got)
		}
	}
}

func TestAFloodOfCancelsIsNotAnswered(t *testing.T) {
	const requests = 1000
	peer := new(work)
	c, w := overWire(t, peer.dispatch, nil)
	w.hello()
	for id := range requests {
		w.deliver(fmt.Sprintf(`[0, %d, null]`, id))
	}
	for i := range 20 * requests { // half of them for what never was
		w.deliver(fmt.Sprintf(`[3, %d, null]`, i%(2*requests)))
	}
	if got := len(peer.notices()); got != requests {
		t.Errorf("%d requests were given up, want %d", got, requests)
	}
	if err := ended(c); err != nil {
		t.Errorf("the connection ended: %v", err)
	}
	if got := w.take(); len(got) > 0 {
		t.Errorf("sent %.100q", got)
	}
	if got := c.Kept().Requests; got != requests {
		t.Errorf("%d requests have no answer yet, want %d", got, requests)
	}
}

// TestGivingUpAtRandomTellsThePeerOfRequestsItHasOnly uses a real connection.
func TestGivingUpAtRandomTellsThePeerOfRequestsItHasOnly(t *testing.T) {
	peer := &work{taking: func(task *task) {
		go func() { _ = task.request.Reply(context.Background(), nil) }()
	}}
	srv, err := channel.ListenDispatch(t.Context(), tcp, peer.dispatch, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Shutdown(soon(t)) }()
	c := dial(t, srv.Addr(), nil)
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			for range 100 {
				after := time.Duration(rand.IntN(100)) * time.Microsecond
				_ = c.Ask(channel.Timeout(t.Context(), after), nil, nil)
			}
		})
	}
	asking.Wait()
	if err := c.Ask(soon(t), nil, nil); err != nil {
		t.Error(err)
	}
	told := make(map[int]bool)
	for _, n := range peer.notices() {
		if told[n.request] || !errors.Is(n.reason, channel.ErrGivenUp) {
			t.Errorf("request %d was given up, also because %v", n.request, n.reason)
		}
		told[n.request] = true
	}
}
