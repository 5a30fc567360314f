package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

// ledger keeps for each call how it went, at either end: the outcome that its
// caller had, and how often it was executed.
type ledger struct {
	calls atomic.Uint64
	grow  sync.Mutex
	pages [1 << 16]atomic.Pointer[ledgerPage]
}

type ledgerPage [1 << 14]atomic.Uint32

// An entry of a ledger has the number of executions in its lower half, then
// the outcome, then whether the call was repeatable.
const (
	outcomeShift  = 16
	repeatableBit = 1 << 31
)

// outcome is what a caller was told of a call.
type outcome uint32

const (
	none      outcome = iota
	succeeded         // executed
	failed            // executed, with a failure of the handler
	refused           // not executed, by limits or an end that is near
	unsent            // not executed, since the connection was lost before
	away              // not executed, since there was no connection
	lost              // perhaps executed
	timedOut          // perhaps executed
	cancelled         // perhaps executed
	outcomes
)

func (o outcome) String() string {
	return [...]string{"none", "succeeded", "failed", "refused", "unsent", "away", "lost", "timed out", "cancelled"}[o]
}

// begin makes an entry for a call and returns its number.
func (l *ledger) begin(repeatable bool) uint64 {
	call := l.calls.Add(1) - 1
	if repeatable {
		l.entry(call).Or(repeatableBit)
	}
	return call
}

func (l *ledger) entry(call uint64) *atomic.Uint32 {
	at := &l.pages[call/uint64(len(ledgerPage{}))]
	if at.Load() == nil {
		l.grow.Lock()
		if at.Load() == nil {
			at.Store(new(ledgerPage))
		}
		l.grow.Unlock()
	}
	return &at.Load()[call%uint64(len(ledgerPage{}))]
}

// run counts an execution.
func (l *ledger) run(call uint64) { l.entry(call).Add(1) }

// end notes the outcome for the caller.
func (l *ledger) end(call uint64, o outcome) error {
	if before := l.entry(call).Or(uint32(o) << outcomeShift); before&^repeatableBit>>outcomeShift != 0 {
		return fmt.Errorf("call %d has a second outcome: %v", call, o)
	}
	return nil
}

// check compares the two ends, and returns the number of calls with each
// outcome, and how many executions there were.
func (l *ledger) check(t *testing.T) (count [outcomes]int, executions int) {
	t.Helper()
	const most = 10 // mistakes to report
	mistakes := 0
	for call := range l.calls.Load() {
		entry := l.entry(call).Load()
		o := outcome(entry &^ repeatableBit >> outcomeShift)
		ran := int(entry & (1<<outcomeShift - 1))
		repeatable := entry&repeatableBit != 0
		count[o]++
		executions += ran
		least, atMost := 0, 1
		switch o {
		case none:
			least = 2 // there is no right number
		case succeeded, failed:
			least = 1
		case refused, unsent, away:
			atMost = 0
		}
		if repeatable {
			atMost = 6 // an earlier attempt may have been executed, whatever came of the last
		}
		if ran < least || ran > atMost {
			if mistakes++; mistakes <= most {
				t.Errorf("call %d: %v, executed %d times, repeatable: %v", call, o, ran, repeatable)
			}
		}
	}
	if mistakes > most {
		t.Errorf("and %d more", mistakes-most)
	}
	return count, executions
}

// typeNested is the type of failures of handlers that called in vain.
const typeNested = "Nested"

// outcomeOf tells what an error says about its call. It fails for an error
// that no call of the soak test should have.
func outcomeOf(err error) (outcome, error) {
	var remote *rpc.RemoteError
	var broken *channel.LostError
	var late *channel.TimeoutError
	var gone *channel.AwayError
	var errno syscall.Errno
	switch {
	case err == nil:
		return succeeded, nil
	case errors.As(err, &remote):
		switch remote.Type {
		case typeNested:
			return failed, nil
		case "OverloadError", "ConnectionError", "ClosedError": // the last: it waited for its turn when its container was closed
			return refused, nil
		}
	case errors.As(err, &late):
		return timedOut, nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return cancelled, nil
	case errors.As(err, &broken) && broken.Unsent:
		return unsent, nil
	case errors.As(err, &broken):
		return lost, nil
	case errors.As(err, &gone), errors.As(err, &errno) && strings.Contains(err.Error(), "dial"):
		return away, nil
	case errors.Is(err, channel.ErrClosed), errors.Is(err, gomas.ErrClosed):
		return lost, nil
	}
	return none, fmt.Errorf("%T: %w", err, err)
}
