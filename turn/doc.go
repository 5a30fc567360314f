// Package turn decides who may run now.
//
// Every agent has a turn. Its code runs only while it holds that turn, so one
// agent never does two things at once and its state needs no locks; different
// agents have different turns and run in parallel. The turn is given up
// exactly where code waits through this package, and comes back, in the order
// in which waits ended, before the code goes on:
//
//	w, err := turn.Begin(ctx, nil)  // still holding the turn
//	register(w)                     // somebody will call w.Wake
//	err = w.Block(ctx, "a reply")   // gives the turn up, waits, gets it back
//
// A turn goes from one piece of code to the next without a gap: whoever gives
// it up hands it to the first in the queue, which holds the requests that have
// not begun and the waits that are over, and nobody overtakes.
//
// The context that running code is given names its turn, and waiting with that
// context gives up that turn. So a goroutine that the code starts by a bare go
// statement must not wait with it: it would give up a turn that it does not
// hold. [Own.Check] finds such mistakes in tests.
//
// [Group] looks at many turns together: it tells when all have come to rest, and
// reports those that are stuck.
//
// Code above the transports waits in no other way, which is what allows
// another implementation of [Turn] to run a whole system one step at a time in
// a repeatable order.
package turn
