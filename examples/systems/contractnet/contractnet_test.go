package contractnet

import (
	"context"
	"errors"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGivingTheLongestAwayFirstTakesAThirdMoreThanTheBestPlan(t *testing.T) {
	for n := 2; n <= 12; n++ {
		tasks := Tasks(n)
		if len(tasks) != 2*n+1 {
			t.Fatalf("%d tasks for %d", len(tasks), n)
		}
		busy, sum := make([]int, n), 0
		for _, task := range tasks {
			first := slices.Index(busy, slices.Min(busy))
			busy[first] += task.Hours
			sum += task.Hours
		}
		if got := slices.Max(busy); got != 4*n-1 {
			t.Errorf("%d take %d hours", n, got)
		}
		if sum != 3*n*n { // so no plan is faster than one in which all are busy for 3n hours
			t.Errorf("%d do %d hours together", n, sum)
		}
	}
}

func TestATaskThatNobodyBidsForFails(t *testing.T) {
	ctx := t.Context()
	s, err := stage.Open(ctx, stage.Plan{Addrs: []string{"tcp://127.0.0.1:0"}}, Register)
	if err != nil {
		t.Fatal(err)
	}
	manager, err1 := s.Spawn(ctx, "contractnet.manager")
	painter, err2 := s.Spawn(ctx, "contractnet.contractor", "painting")
	err3 := Meet.Call(ctx, manager, []rpc.Remote{painter})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	_, err = Assign.Call(ctx, manager, Tasks(1))
	if e, ok := errors.AsType[*rpc.RemoteError](err); !ok || e.Message != errNoBid.Error() {
		t.Errorf("it ends with %v", err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
