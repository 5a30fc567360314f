package turn

import (
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// A million agents may be idle.
func TestATurnIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Own{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 56 {
		t.Errorf("%d bytes", size)
	}
}

func TestNoTimerRunsAndNothingIsKeptOnceAllTurnsAreFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = time.Second
		g := new(Group)
		g.Watch(limit, func(h Holding) { t.Errorf("stuck: %v", h) })
		turns := make([]Own, 10)
		for i := range turns {
			turns[i].Join(g, i)
		}
		use := func() {
			for i := range turns {
				turns[i].Start(Func(func() { time.Sleep(limit / 2) }))
			}
		}
		for range 3 {
			use()
			synctest.Wait()
			g.watch.Load().mu.Lock()
			if w := g.watch.Load(); !w.running || len(w.listed) != len(turns) {
				t.Errorf("while they are used: timer running %v, %d turns", w.running, len(w.listed))
			}
			g.watch.Load().mu.Unlock()
			time.Sleep(3 * limit)
			g.watch.Load().mu.Lock()
			if w := g.watch.Load(); w.running || len(w.listed) != 0 || w.timer.Stop() {
				t.Errorf("afterwards: timer running %v, %d turns", w.running, len(w.listed))
			}
			g.watch.Load().mu.Unlock()
		}
	})
}
