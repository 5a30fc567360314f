package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

// holder has undecoded values where a codec does not share memory.
type holder struct {
	Raw codec.Raw
	Ptr *codec.Raw
}

// keeper keeps the undecoded arguments of all its calls.
type keeper struct {
	mu   sync.Mutex
	kept map[int][]codec.Raw
}

func (k *keeper) keep(n int, values ...codec.Raw) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[n] = append(k.kept[n], values...)
}

// Functions that pass undecoded values in both directions.
const (
	keepRaw  rpc.Func2[int, codec.Raw, codec.Raw]                       = "keep_raw(n, v)"
	keepList rpc.Func2[int, []codec.Raw, []codec.Raw]                   = "keep_list(n, v)"
	keepMap  rpc.Func2[int, map[string]codec.Raw, map[string]codec.Raw] = "keep_map(n, v)"
	keepDeep rpc.Func2[int, []holder, []holder]                         = "keep_deep(n, v)"
)

func (k *keeper) service() *rpc.Service {
	svc := rpc.NewService()
	keepRaw.Handle(svc, func(_ context.Context, n int, v codec.Raw) (codec.Raw, error) {
		k.keep(n, v)
		return v, nil
	})
	keepList.Handle(svc, func(_ context.Context, n int, v []codec.Raw) ([]codec.Raw, error) {
		k.keep(n, v...)
		return v, nil
	})
	keepMap.Handle(svc, func(_ context.Context, n int, v map[string]codec.Raw) (map[string]codec.Raw, error) {
		k.keep(n, v["a"], v["b"])
		return v, nil
	})
	keepDeep.Handle(svc, func(_ context.Context, n int, v []holder) ([]holder, error) {
		k.keep(n, v[0].Raw, *v[0].Ptr)
		return v, nil
	})
	return svc
}

func TestUndecodedArgumentsAndResultsAreNotOverwrittenByLaterTraffic(t *testing.T) {
	const callers, calls = 8, 200
	for name, c := range map[string]codec.Codec{"JSON": nil, "MsgPack": msgpack.Codec{}} {
		t.Run(name, func(t *testing.T) {
			k := keeper{kept: make(map[int][]codec.Raw)}
			opts := &rpc.Options{Codec: c}
			ctx, r := within(t), dial(t, serve(t, anyPort, k.service(), opts), nil, opts).Remote()
			encode := func(v any) codec.Raw {
				raw, err := r.Peer().(*rpc.Conn).Channel().Options().Codec.Append(nil, v, nil)
				if err != nil {
					t.Fatal(err)
				}
				return raw
			}
			var wg sync.WaitGroup
			for i := range callers {
				wg.Go(func() {
					for j := range calls {
						n := i*calls + j
						// Lengths differ, so that what shares memory is torn.
						a := encode(fmt.Sprint("a", n, strings.Repeat("x", n%50)))
						b := encode([]string{fmt.Sprint("b", n), strings.Repeat("y", n*7%4000)})
						var results []codec.Raw
						var err error
						switch j % 5 {
						case 0:
							results = make([]codec.Raw, 1)
							results[0], err = keepRaw.Call(ctx, r, n, a)
						case 1:
							results = make([]codec.Raw, 1)
							results[0], err = rpc.Call[codec.Raw](ctx, r, "keep_raw", rpc.Kw{"v": a, "n": n})
						case 2:
							results, err = keepList.Call(ctx, r, n, []codec.Raw{a, b})
						case 3:
							var m map[string]codec.Raw
							m, err = rpc.Call[map[string]codec.Raw](ctx, r, "keep_map", n, rpc.Kw{"v": map[string]codec.Raw{"a": a, "b": b}})
							results = []codec.Raw{m["a"], m["b"]}
						case 4:
							var list []holder
							if list, err = keepDeep.Call(ctx, r, n, []holder{{a, &b}}); err == nil {
								results = []codec.Raw{list[0].Raw, *list[0].Ptr}
							}
						}
						if err != nil {
							t.Error(err)
							return
						}
						k.keep(n, results...)
						k.keep(n, a)
						if len(results) == 2 {
							k.keep(n, b)
						}
					}
				})
			}
			wg.Wait()
			if len(k.kept) != callers*calls {
				t.Fatalf("kept the values of %d calls, want %d", len(k.kept), callers*calls)
			}
			// As argument, as result, and as it was sent.
			for n, values := range k.kept {
				third := len(values) / 3
				for i, v := range values[:2*third] {
					if want := values[2*third+i%third]; !bytes.Equal(v, want) {
						t.Fatalf("call %d: value %d is now %.60q, was %.60q", n, i, v, want)
					}
				}
			}
		})
	}
}

func TestAnUndecodedResultMayBeChangedByItsOwner(t *testing.T) {
	k := keeper{kept: make(map[int][]codec.Raw)}
	r := remote(t, k.service())
	first, err := keepList.Call(within(t), r, 0, []codec.Raw{codec.Raw(`"first"`), codec.Raw(`"second"`)})
	if err != nil || len(first) != 2 {
		t.Fatal(first, err)
	}
	_ = append(first[0], " and more than fits"...)
	clear(first[0])
	if string(first[1]) != `"second"` {
		t.Errorf("the second is now %q", first[1])
	}
}
