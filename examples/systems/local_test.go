package systems_test

import (
	"context"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/examples/systems"
	"github.com/gomas/gomas/transport/local"
)

// networks are those on which systems run, besides real ones.
var networks = []struct {
	name  string
	links func(from, to string) local.Link
}{
	{"with perfect links", nil},
	{"with delays that are drawn", func(string, string) local.Link {
		return local.Link{Delay: local.Uniform(time.Millisecond, 5*time.Millisecond)}
	}},
	{"with a container that is far away", func(from, to string) local.Link {
		if from == "b" || to == "b" {
			return local.Link{Delay: local.Fixed(7 * time.Millisecond), Bandwidth: 1e6}
		}
		return local.Link{}
	}},
}

// performLocally runs a system on a local network of three containers. It must
// come to its known answer. The hash is that of all that has happened.
func performLocally(t *testing.T, s systems.System, seed uint64, links func(from, to string) local.Link) (out *systems.Outcome, hash uint64) {
	t.Helper()
	plan := systems.Plan{Addrs: []string{"local://a", "local://b", "local://c"}, Seed: seed}
	if seed%2 == 1 {
		plan.Options = &gomas.Options{Codec: msgpack.Codec{}}
	}
	trace := local.NewTrace(0)
	opts := &local.Options{Seed: seed, Links: links, Trace: trace}
	err := local.Run(t.Context(), opts, func(ctx context.Context) (err error) {
		out, err = s.Run(ctx, plan)
		return err
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if !out.OK() {
		t.Errorf("seed %d: %v", seed, out)
	}
	return out, trace.Hash()
}

// TestEverySystemComesToItsKnownAnswerInAnyOrder tries seeds, other ones on each
// network but for the first, 0, with which what could happen first does.
func TestEverySystemComesToItsKnownAnswerInAnyOrder(t *testing.T) {
	seeds := 7 // of each network
	if raceEnabled {
		seeds = 2
	}
	for _, s := range systems.All() {
		for i, n := range networks {
			t.Run(s.Name+" "+n.name, func(t *testing.T) {
				t.Parallel()
				seen := make(map[uint64]bool)
				for j := range seeds {
					seed := uint64(0)
					if j > 0 {
						seed = uint64(j*len(networks) + i)
					}
					out, hash := performLocally(t, s, seed, n.links)
					seen[hash] = true
					if j > 1 {
						continue
					}
					again, same := performLocally(t, s, seed, n.links)
					if hash != same || out.String() != again.String() {
						t.Errorf("seed %d is not always the same: %x and %x, %vand %v", seed, hash, same, out, again)
					}
				}
				if len(seen) != seeds {
					t.Errorf("%d seeds are %d runs", seeds, len(seen))
				}
			})
		}
	}
}
