package turn

// Here runs a task on the calling goroutine, if its turn has come at once: t is
// [Free], or an [Own] without a scheduler that nobody has. If not, it reports
// false and has done nothing. The caller has no turn, unless the task waits for
// nothing. A task that ends its goroutine ends the caller's, after Finish.
func Here(t Turn, task Task) (ran bool) {
	switch t := t.(type) {
	case Free:
		runHere(task)
	case *Own:
		if t.scheduler != nil || !t.takeFree() {
			return false
		}
		t.runHere(task)
	default:
		return false
	}
	return true
}

func runHere(task Task) {
	defer task.Finish()
	task.Run()
}
