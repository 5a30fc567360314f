package turn

import (
	"context"
	"time"
)

// Sleep pauses for at least d of real time, under the turn that ctx names, or
// else under otherwise. It returns early with the error of ctx if that ends.
func Sleep(ctx context.Context, otherwise Turn, d time.Duration) error {
	wait, err := Begin(ctx, otherwise)
	if err != nil {
		return err
	}
	timer := time.AfterFunc(d, func() { wait.Wake(nil) })
	defer timer.Stop()
	return wait.Block(ctx, "sleep")
}
