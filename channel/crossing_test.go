package channel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/channel"
)

// crossing is two connections that are each other's peer, with frames on their
// way in both directions.
type crossing struct {
	conns [2]*channel.Conn
	wires [2]*wire
	work  [2]*work
	onWay [2][]string // to the end
	open  [2][]*channel.Request
	asks  []*crossingAsk
}

type crossingAsk struct {
	number  int
	cancel  context.CancelFunc
	ended   bool // cancelled, or timed out
	outcome chan error
	got     int
}

// TestNoReplyIsLostOrDoubledHoweverAsksAndCancelsCross has both ends ask, give
// up and answer, in any order, while frames take any time on their way.
func TestNoReplyIsLostOrDoubledHoweverAsksAndCancelsCross(t *testing.T) {
	type step struct{ what, end, n int }
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{rapid.IntRange(0, 6).Draw(t, "what"), rapid.IntRange(0, 1).Draw(t, "end"), rapid.IntRange(0, 5000).Draw(t, "n")}
	}), 1, 80)
	rapid.Check(t, func(rt *rapid.T) {
		script := steps.Draw(rt, "steps")
		limit := rapid.SampledFrom([]int{0, 4100, 6000}).Draw(rt, "limit")
		var fault string
		// Values are drawn outside of the bubble, and faults reported there.
		synctest.Test(t, func(t *testing.T) {
			x := new(crossing)
			for i := range x.conns {
				x.work[i] = new(work)
				x.conns[i], x.wires[i] = overWire(t, x.work[i].dispatch, &channel.Options{Limits: channel.Limits{Frame: limit}})
			}
			for _, s := range script {
				if fault = x.step(t, s.what, s.end, s.n); fault != "" {
					break
				}
			}
			if fault == "" {
				fault = x.finish(t)
			}
			for _, c := range x.conns {
				_ = c.Close()
			}
			for _, a := range x.asks {
				a.cancel()
			}
		})
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

// step does one thing at an end, and returns what is wrong then.
func (x *crossing) step(t *testing.T, what, end, n int) string {
	c, w := x.conns[end], x.wires[end]
	switch what {
	case 0, 1: // ask, with content around the size of the longest mark
		a := &crossingAsk{number: len(x.asks), outcome: make(chan error, 1)}
		ctx := context.Background()
		if what == 1 {
			ctx = channel.Timeout(ctx, time.Duration(1+n%3)*time.Second)
		}
		ctx, a.cancel = context.WithCancel(ctx)
		x.asks = append(x.asks, a)
		content := []any{a.number, ""}
		if n%3 == 0 {
			content[1] = strings.Repeat("x", n%60+4040)
		}
		go func() { a.outcome <- c.Ask(ctx, content, &a.got) }()
	case 2: // give up
		if len(x.asks) > 0 {
			a := x.asks[n%len(x.asks)]
			a.ended = true
			a.cancel()
		}
	case 3: // answer
		if open := x.open[end]; len(open) > 0 {
			i := n % len(open)
			r := open[i]
			x.open[end] = slices.Delete(open, i, i+1)
			go x.answer(r)
		}
	case 4: // time goes on
		time.Sleep(time.Duration(n%1500) * time.Millisecond)
	case 5: // the output is full, or not any more
		w.block(n%2 == 0)
	case 6: // frames come in
		for range min(1+n%3, len(x.onWay[end])) {
			m := x.onWay[end][0]
			x.onWay[end] = x.onWay[end][1:]
			w.deliver(m)
		}
	}
	return x.settle()
}

// answer answers with minus the number that was asked.
func (x *crossing) answer(r *channel.Request) {
	content, _ := channel.Content[[]any](r)
	number, _ := content[0].(int64)
	_ = r.Reply(context.Background(), -number)
}

// settle has frames go out, and requests be noted.
func (x *crossing) settle() string {
	synctest.Wait()
	for i, c := range x.conns {
		x.onWay[1-i] = append(x.onWay[1-i], x.wires[i].take()...)
		work := x.work[i]
		x.open[i] = append(x.open[i], work.requests...)
		work.requests = nil
		if err := ended(c); err != nil {
			return fmt.Sprintf("connection %d ended: %v", i, err)
		}
	}
	return ""
}

// finish delivers and answers all there is, and checks the outcomes.
func (x *crossing) finish(t *testing.T) string {
	for x.busy() {
		for end := range x.conns {
			for _, what := range []int{5, 6, 3} { // with 1 that makes room
				if fault := x.step(t, what, end, 1); fault != "" {
					return fault
				}
			}
		}
	}
	for _, a := range x.asks {
		select {
		case err := <-a.outcome:
			late := errors.Is(err, context.Canceled) && a.ended || isA[*channel.TimeoutError](err)
			tooLong := err != nil && strings.Contains(err.Error(), "limit 4100")
			if !late && !tooLong && (err != nil || a.got != -a.number) {
				return fmt.Sprintf("ask %d got %d, %v", a.number, a.got, err)
			}
		default:
			return fmt.Sprintf("ask %d got no reply", a.number)
		}
	}
	for i, c := range x.conns {
		if got := c.Kept(); got != (channel.Kept{}) {
			return fmt.Sprintf("end %d keeps %+v", i, got)
		}
	}
	return ""
}

func (x *crossing) busy() bool {
	for i := range x.conns {
		if len(x.onWay[i]) > 0 || len(x.open[i]) > 0 || x.wires[i].Full() {
			return true
		}
	}
	return false
}
