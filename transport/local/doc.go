// Package local is a network inside the program, in which every run is the same:
// for finding out what a distributed algorithm does, for tests, and for
// simulations. Its addresses are local://name.
//
//	err := local.Run(ctx, &local.Options{Seed: 7}, func(ctx context.Context) error {
//		c, err := gomas.NewContainer(ctx, "local://a", nil)
//		…
//	})
//
// Everything else is as on sockets: the same containers, agents, channels and
// services, and the same frames. But all that runs in a network runs under one
// turn, one piece after another. What could happen next (a frame to be delivered,
// a task that begins, a wait that is over) stands in a queue, and the network
// takes the first or, with a seed, one that is drawn from it. Order within a
// connection is kept, as TCP does. So a run depends on nothing but the program
// and the seed: not on the number of cores, the Go scheduler or the load of the
// machine. Another seed is another order that could have happened on real
// machines.
//
// Time is virtual: it stands still while anything can happen, then jumps to the
// next timer. Code that nobody can ever wake is reported as a [DeadlockError],
// and code that blocks on something else than the network as a [StallError].
//
// [Options.Links] gives connections delays and bandwidth and lets them break;
// [Network.Partition], [Network.Crash] and others do worse, and [Network.Disturb]
// does so at random times. [Trace] records what happens.
//
// What runs inside must wait through the contexts that it is given only. Code
// that starts goroutines, waits on channels of its own, asks the wall for the
// time or depends on the order of a map is not the same in every run.
package local
