package turn

import "github.com/gomas/gomas/internal/stack"

// maxNested bounds how many visits are on one stack, each inside the other.
const maxNested = 32

// Visit runs a task under another turn, at once and on the calling goroutine,
// if it can; if not, it reports false and has done nothing. The caller is a task
// that has the turn from; it gives that up meanwhile, and has it back, in order of
// readiness, when Visit returns.
//
// Visit can if the turn to is free at this moment, so that the task overtakes
// nobody; if neither turn has a scheduler; and if not too many visits are inside
// each other already.
//
// Nothing can end the visit but the task, so the caller should wait with no
// context that promises more: that of an agent, or of what an agent executes, is
// fine, but one that the user has given a deadline is not. A task that ends its
// goroutine ends that of the caller, after Finish, and with the caller's turn
// back.
func Visit(from, to Turn, task Task) bool {
	host, ok := to.(*Own)
	if !ok || host.scheduler != nil || host.state.Load() != free {
		return false
	}
	t, ok := from.(*Own)
	if !ok || t.scheduler != nil || t.verify() != nil || t.mine().nested >= maxNested {
		return false
	}
	// Within a group the count of the caller serves for the task.
	same := t.group == host.group
	if !host.takeAs(same) {
		return false
	}
	t.visit(host, task, same)
	return true
}

// visit runs a task under the turn of host, which the caller has got, too. same
// says that their group counts both as one.
func (t *Own) visit(host *Own, task Task, same bool) {
	goroutine, worker := t.holding.who(), t.worker
	if goroutine == 0 && host.holding != nil {
		goroutine = stack.Goroutine()
	}
	host.holding.enter(goroutine)
	worker.nested++
	host.worker = worker
	t.pass(same)
	defer func() {
		if same && t.takeAs(true) {
			t.holding.enter(goroutine)
		} else {
			t.take(goroutine)
			host.group.leave() // when the caller is counted again
		}
		t.worker = worker
		worker.nested--
	}()
	defer task.Finish()
	defer host.pass(true) // also if Run ends the goroutine
	task.Run()
}
