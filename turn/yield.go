package turn

import (
	"context"
	"runtime"
)

// Yield gives the turn that ctx names to all that are ready for it, and returns
// when it has come back. If nobody is ready, or ctx names no turn, other
// goroutines may run. It fails only if ctx has ended, or with [ErrMisuse].
func Yield(ctx context.Context) error {
	if err := Err(ctx); err != nil {
		return err
	}
	switch t := From(ctx).(type) {
	case nil, Free:
		runtime.Gosched()
		return nil
	case *Own:
		// One that is watched begins anew, to say that it is not stuck.
		if t.holding == nil && t.scheduler == nil && t.state.Load() == held {
			runtime.Gosched()
			return nil
		}
	}
	w, err := Begin(ctx, nil)
	if err != nil {
		return err
	}
	w.Wake(nil) // over before it begins, so it is last in the queue
	return w.Block(ctx, "yield")
}
