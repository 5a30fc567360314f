package rpc_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

type gridStub struct {
	Add      func(ctx context.Context, a, b int) (int, error)
	AddTwo   func(ctx context.Context, a int) (int, error) `rpc:"add"`
	SetPower func(ctx context.Context, house string, kW float64) error
	Divide   func(ctx context.Context, a, b int) (quotient, rest int, err error)
	Sum      func(ctx context.Context, terms ...float64) (float64, error)
	Weather  struct {
		Forecast func(ctx context.Context, hours int) ([]float64, error)
	}
	Sky     rpc.Remote     `rpc:"weather"`
	Self    rpc.Remote     `rpc:"."`
	Ignored map[string]int `rpc:"-"`
}

func TestAStubCallsTheFunctionsItIsBoundTo(t *testing.T) {
	eachSide(t, grid, nil, func(t *testing.T, r rpc.Remote) {
		var stub gridStub
		if err := rpc.Bind(within(t), r, &stub); err != nil {
			t.Fatal(err)
		}
		ctx := within(t)
		if sum, err := stub.Add(ctx, 3, 4); sum != 7 || err != nil {
			t.Errorf("3 + 4 is %d, %v", sum, err)
		}
		if sum, err := stub.AddTwo(ctx, 3); sum != 5 || err != nil {
			t.Errorf("3 + 2 is %d, %v", sum, err)
		}
		if err := stub.SetPower(ctx, "mine", 1.5); err != nil {
			t.Error(err)
		}
		if q, rest, err := stub.Divide(ctx, 17, 5); q != 3 || rest != 2 || err != nil {
			t.Errorf("17 / 5 is %d rest %d, %v", q, rest, err)
		}
		var failure *rpc.RemoteError
		if _, _, err := stub.Divide(ctx, 1, 0); !errors.As(err, &failure) || !strings.Contains(err.Error(), "divide by zero") {
			t.Errorf("1 / 0 fails with %v", err)
		}
		if sum, err := stub.Sum(ctx); sum != 0 || err != nil {
			t.Errorf("the sum of nothing is %v, %v", sum, err)
		}
		if sum, err := stub.Sum(ctx, 1, 2, math.Pi); sum != 3+math.Pi || err != nil {
			t.Errorf("the sum is %v, %v", sum, err)
		}
		if f, err := stub.Weather.Forecast(ctx, 3); len(f) != 3 || err != nil {
			t.Errorf("the forecast is %v, %v", f, err)
		}
		if stub.Self != r || stub.Sky != r.Sub("weather") {
			t.Errorf("the references are %v and %v", stub.Self, stub.Sky)
		}
	})
}

func TestAStubThatDoesNotSuitIsRefusedWithAllReasonsAndNotFilled(t *testing.T) {
	for name, test := range map[string]struct {
		stub any
		want []string
	}{
		"not a pointer": {gridStub{}, []string{"pointer to a struct"}},
		"not a struct":  {new(int), []string{"pointer to a struct"}},
		"nil":           {(*gridStub)(nil), []string{"pointer to a struct"}},
		"no context":    {&struct{ Add func(a, b int) (int, error) }{}, []string{"Add", "context"}},
		"no error": {&struct {
			Add func(context.Context, int) int
		}{}, []string{"Add", "error"}},
		"an unsuitable field": {&struct{ Count int }{}, []string{"Count", "int"}},
		"a bad name": {&struct {
			Add func(context.Context) error `rpc:"a/b"`
		}{}, []string{"Add", "slash"}},
		"unknown functions":  {&struct{ Mul, Pow func(context.Context) error }{}, []string{"mul: there is no such function", "pow: there is no such function"}},
		"an unknown service": {&struct{ Sea struct{} }{}, []string{"sea: there is no such service"}},
		"too many arguments": {&struct {
			Add func(ctx context.Context, a, b, c int) (int, error)
		}{}, []string{"add(a int, b int = 2) int", "3 arguments"}},
		"too few arguments": {&struct{ SetPower func(context.Context) error }{}, []string{"set_power", "0 arguments"}},
		"wrong one level down": {&struct {
			Weather struct{ Rain func(context.Context) error }
		}{}, []string{"Weather/rain"}},
	} {
		t.Run(name, func(t *testing.T) {
			eachSide(t, grid, nil, func(t *testing.T, r rpc.Remote) {
				err := rpc.Bind(within(t), r, test.stub)
				if err == nil {
					t.Fatal("it was bound")
				}
				for _, want := range test.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q is not in %v", want, err)
					}
				}
			})
		})
	}
	var stub struct {
		Add, Mul func(context.Context, int, int) (int, error)
	}
	if err := rpc.Bind(within(t), grid().Remote(), &stub); err == nil || stub.Add != nil {
		t.Errorf("half of it was filled; error %v", err)
	}
}

func TestAStubOfAServiceThatDoesNotDescribeItselfIsNotChecked(t *testing.T) {
	hidden := func() *rpc.Service { svc := grid(); svc.Hide(); return svc }
	eachSide(t, hidden, nil, func(t *testing.T, r rpc.Remote) {
		var stub struct {
			Add  func(context.Context, int) (int, error)
			None func(context.Context) error
			Both func(context.Context, int, int) (int, int, error) `rpc:"add"`
		}
		if err := rpc.Bind(within(t), r, &stub); err != nil {
			t.Fatal(err)
		}
		if n, err := stub.Add(within(t), 1); n != 3 || err != nil {
			t.Errorf("1 + 2 is %d, %v", n, err)
		}
		if err := stub.None(within(t)); err == nil || !strings.Contains(err.Error(), "LookupError") {
			t.Errorf("error %v", err)
		}
		if _, _, err := stub.Both(within(t), 1, 2); err == nil {
			t.Error("one number became two results")
		}
	})
}
