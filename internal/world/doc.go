// Package world runs the tasks of many turns one piece at a time, in an order
// that depends on nothing but the program and a seed, on a clock of its own.
//
// What can happen next stands in one queue: tasks that have not begun, waits
// that are over, and events of others, such as the delivery of a frame. One
// thing happens at a time, until it waits or ends; then the next is taken, the
// oldest or one that is drawn from the seed. When the queue is empty, virtual
// time jumps to the next timer. If there is none either, the tasks that wait do
// so for ever, and that is reported.
//
// Tasks are run by coroutines (package iter), of which one is also the loop that
// takes from the queue: a task that does not wait costs no switch.
//
// A [Node] is a part of the world that can be ended by itself. It is the
// [turn.Scheduler] of its turns.
package world
