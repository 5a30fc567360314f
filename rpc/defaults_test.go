package rpc_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

const schedule rpc.Func3[string, int, []string, string] = `schedule(day, hours=24, units=["kW", "a, b)", "\")"]): plans a day`

func scheduler() *rpc.Service {
	svc := calculator()
	schedule.Handle(svc, func(_ context.Context, day string, hours int, units []string) (string, error) {
		return fmt.Sprintf("%s %d %q", day, hours, units), nil
	})
	return svc
}

func TestArgumentsThatAreLeftOutHaveTheirDefaults(t *testing.T) {
	const units = `["kW" "a, b)" "\")"]`
	for name, c := range map[string]codec.Codec{"JSON": nil, "MsgPack": msgpack.Codec{}} {
		opts := &rpc.Options{Codec: c}
		ctx, r := within(t), dial(t, serve(t, socketAddr(t), scheduler(), opts), nil, opts).Remote()
		for _, test := range []struct {
			args []any
			want string
		}{
			{[]any{"mon"}, "mon 24 " + units},
			{[]any{"mon", 2}, "mon 2 " + units},
			{[]any{"mon", 2, []string{"W"}}, `mon 2 ["W"]`},
			{[]any{rpc.Kw{"day": "mon"}}, "mon 24 " + units},
			{[]any{"mon", rpc.Kw{"units": []string{}}}, "mon 24 []"},
			{[]any{rpc.Kw{"units": nil, "day": "mon"}}, "mon 24 []"},
			{[]any{rpc.Kw{"hours": 3, "day": "mon"}}, "mon 3 " + units},
		} {
			if text, err := rpc.Call[string](ctx, r, "schedule", test.args...); err != nil || text != test.want {
				t.Errorf("%s, called with %v: %q, error %v, want %q", name, test.args, text, err, test.want)
			}
		}
		if text, err := schedule.Call(ctx, r, "mon", 0, nil); err != nil || text != "mon 0 []" {
			t.Errorf("%s, zero values given: %q, error %v", name, text, err)
		}
		const brief rpc.Func1[string, string] = "schedule(day)"
		if text, err := brief.Call(ctx, r, "mon"); err != nil || text != "mon 24 "+units {
			t.Errorf("%s, called with a shorter contract: %q, error %v", name, text, err)
		}
	}
}

func TestEachCallHasACopyOfTheDefaultOfItsOwn(t *testing.T) {
	const grow rpc.Func2[map[string]int, *[]any, int] = `grow(m={"a": 1}, list=[0, [1]])`
	svc := rpc.NewService()
	grow.Handle(svc, func(_ context.Context, m map[string]int, list *[]any) (int, error) {
		n := len(m) + len(*list) + len((*list)[1].([]any))
		m[fmt.Sprint(len(m))] = 7
		(*list)[1] = append((*list)[1].([]any), 7)
		*list = append(*list, 7)
		return n, nil
	})
	r := remote(t, svc)
	for range 3 {
		if n, err := rpc.Call[int](within(t), r, "grow"); err != nil || n != 4 {
			t.Errorf("%d items, error %v, want 4", n, err)
		}
	}
}

func TestDefaultsOfEveryKindArrive(t *testing.T) {
	type nested struct {
		Price float64 `json:"price" msgpack:"p"`
		Next  *nested
	}
	svc := rpc.NewService()
	svc.Handle(`f(a=null, b=-2.5e3, c="größe \"=,):*(", d=true, e={"k": [1, {"x": "]}"}]}, g={"price": 1, "Next": {"price": NaN}}, h=[1,2])`,
		func(a *int, b float32, c string, d bool, e any, g nested, h [2]uint16) string {
			return fmt.Sprintln(a, b, c, d, e, g.Price, g.Next.Price, h)
		})
	opts := &rpc.Options{Codec: msgpack.Codec{}} // the field tags are those of JSON all the same
	const want = `<nil> -2500 größe "=,):*( true map[k:[1 map[x:]}]]] 1 NaN [1 2]` + "\n"
	for _, opts := range []*rpc.Options{nil, opts} {
		r := dial(t, serve(t, anyPort, svc, opts), nil, opts).Remote()
		if text, err := rpc.Call[string](within(t), r, "f"); err != nil || text != want {
			t.Errorf("got %q, error %v, want %q", text, err, want)
		}
	}
}

func TestContractsOfAllKindsTakeDefaultsAndADoc(t *testing.T) {
	svc := rpc.NewService()
	var stopped []int
	rpc.Proc1[int]("stop(after=3): ends it: all (of it), \"now\"").Handle(svc, func(_ context.Context, after int) error {
		stopped = append(stopped, after)
		return nil
	})
	rpc.Proc2[int, int]("quit: takes two, by position").Handle(svc, func(_ context.Context, a, b int) error {
		stopped = append(stopped, a, b)
		return nil
	})
	r := remote(t, svc)
	for _, err := range []error{
		rpc.Proc1[int]("stop(after)").Call(within(t), r, 1),
		rpc.Proc0("stop: all").Call(within(t), r),
		rpc.Proc2[int, int]("quit: takes two, by position").Call(within(t), r, 4, 5),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if want := []int{1, 3, 4, 5}; !reflect.DeepEqual(stopped, want) {
		t.Errorf("called with %v, want %v", stopped, want)
	}
	err := rpc.Proc0("quit").Call(within(t), r)
	wantFailure(t, err, "TypeError", "quit() takes 2 positional arguments but 0 were given")
}
