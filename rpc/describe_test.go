package rpc_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// grid returns a service with something of everything.
func grid() *rpc.Service {
	svc, err := rpc.Table{
		"add(a, b=2): adds two numbers": func(a, b int) int { return a + b },
		"set_power(house, kW)":          func(_ context.Context, _ string, kW float64) error { return nil },
		"divide(a, b)":                  func(a, b int) (int, int, error) { return a / b, a % b, nil },
		"sum(*terms)": func(terms ...float64) (sum float64) {
			for _, x := range terms {
				sum += x
			}
			return
		},
		"positional": func(any) {},
		"weather":    rpc.Table{"forecast(hours)": func(hours int) []float64 { return make([]float64, hours) }},
	}.Service()
	if err != nil {
		panic(err)
	}
	return svc
}

func TestAServiceDescribesItsFunctionsAndServices(t *testing.T) {
	eachSide(t, grid, nil, func(t *testing.T, r rpc.Remote) {
		d, err := rpc.Describe(within(t), r)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range d.Functions {
			got = append(got, f.String())
		}
		want := []string{
			"add(a int, b int = 2) int",
			"divide(a int, b int) (int, int)",
			"positional(any)",
			"set_power(house string, kW float64)",
			"sum(terms ...float64) float64",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("functions are\n%s", strings.Join(got, "\n"))
		}
		if d.Functions[0].Doc != "adds two numbers" || strings.Join(d.Services, " ") != "weather" || d.More != 0 {
			t.Errorf("described as %+v", d)
		}
		if sub, err := rpc.Describe(within(t), r.Sub("weather")); err != nil || len(sub.Functions) != 1 {
			t.Errorf("the service under it is described as %+v, %v", sub, err)
		}
	})
}

func TestAHiddenServiceDoesNotDescribeItselfOrWhatIsUnderIt(t *testing.T) {
	hidden := func() *rpc.Service { svc := grid(); svc.Hide(); return svc }
	eachSide(t, hidden, nil, func(t *testing.T, r rpc.Remote) {
		for _, r := range []rpc.Remote{r, r.Sub("weather"), r.Sub("nowhere")} {
			if d, err := rpc.Describe(within(t), r); !errors.Is(err, rpc.ErrNoDescription) {
				t.Errorf("%v described itself: %+v, %v", r, d, err)
			}
		}
		if n, err := rpc.Call[int](within(t), r, "add", 1); n != 3 || err != nil {
			t.Errorf("1 + 2 is %d, %v", n, err)
		}
	})
}

func TestOfManyServicesTheFirstThousandAreNamedAndTheOthersCounted(t *testing.T) {
	svc := rpc.NewService()
	for i := range 1500 {
		svc.Mount(strconv.Itoa(i), rpc.NewService())
	}
	d := svc.Description()
	if len(d.Services) != 1000 || d.More != 500 || d.Services[999] != "999" {
		t.Errorf("%d named, %d more", len(d.Services), d.More)
	}
}
