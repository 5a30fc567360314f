// Package clock tells agents what time it is and wakes them when it is time,
// on real time or on any other.
//
// A [Clock] has two readings. Its time is a [time.Duration], in nanoseconds
// since an arbitrary start, and never goes back. Its date is a [time.Time] in
// UTC. Code that asks its clock for both, and sleeps on it, runs unchanged
// where a simulator sets the time:
//
//	var c clock.Clock = clock.Real{}
//	c = clock.NewExternal(start, 0) // time stands still between calls of Set
//
//	err := clock.Sleep(ctx, c, 15*time.Minute)
//	err = clock.SleepUntil(ctx, c, 2*time.Hour) // when c.Now() is 2h
//	err = clock.SleepUntilDate(ctx, c, midnight)
//
// A timer calls a function once, unless it is stopped before:
//
//	timer, err := c.In(time.Second, fn)
//	timer, err = c.At(2*time.Hour, fn)
//	timer, err = clock.AtDate(c, midnight, fn)
//
// Timers want a time that is still to come, in all forms; others are a
// [PastError]. To sleep for no time at all is to let others run.
//
// [Every] does something periodically, and contexts made by [WithTimeout] and
// [WithDeadline] end when the clock says so.
//
// What waits here waits through package turn: an agent that sleeps gives up its
// turn and has it back when it goes on. Functions of timers have no turn; they
// are called on whatever goroutine moves the clock, and must not block.
package clock
