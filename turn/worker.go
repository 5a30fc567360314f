package turn

import "sync"

// worker is what a goroutine that has turns keeps from one to the next. Whoever
// has a turn finds it there. A nil *worker has kept nothing yet.
type worker struct {
	nested uint8         // visits on its stack
	below  uint8         // how many goroutines it is the helper of a helper
	calls  bool          // it has called Help since its last wait
	waits  bool          // the next wait is for what Help would have run
	ready  chan struct{} // for waits, nil while one has it
	helper *helper
}

// Workers are reused, but for their channels, as waiters are.
var workers = sync.Pool{New: func() any { return new(worker) }}

// mine returns the worker of the goroutine that has the turn.
func (t *Own) mine() *worker {
	if t.worker == nil {
		t.worker = workers.Get().(*worker)
	}
	return t.worker
}

// channel returns one for a wait of the goroutine that has the turn.
func (t *Own) channel() (ready chan struct{}) {
	if t == nil || t.mine().ready == nil {
		return make(chan struct{}, 1)
	}
	ready, t.worker.ready = t.worker.ready, nil
	return ready
}

// keep takes back the channel of a wait that is over, which is empty, if it had
// one.
func (w *worker) keep(ready chan struct{}) {
	if w != nil && ready != nil {
		w.ready = ready
	}
}

// wait is called when the goroutine is about to wait.
func (w *worker) wait() {
	switch {
	case w == nil:
	case w.waits:
		w.waits = false
	default:
		w.calls = false
		w.dismiss()
	}
}

func (w *worker) dismiss() {
	if w.helper != nil {
		w.helper.end()
		w.helper = nil
	}
}

// end is called by the goroutine when it has done with turns.
func (w *worker) end() {
	if w == nil {
		return
	}
	w.dismiss()
	*w = worker{}
	workers.Put(w)
}
