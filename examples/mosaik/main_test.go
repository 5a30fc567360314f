package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/internal/guide"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
)

func TestMain(m *testing.M) {
	// The test program is also the component that the driver starts, and the
	// processes of that.
	if os.Getenv("GOMAS_PROCESS") != "" || strings.Contains(strings.Join(os.Args[1:], " "), "127.0.0.1") {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// sequential calculates the day without agents.
func sequential(time int64) (available, feedIn []float64) {
	for i := range generators {
		available = append(available, sun(i, time))
	}
	allowed := make([]float64, generators)
	for i, kw := range available {
		allowed[i] = min(kw, 10)
	}
	return available, Share(allowed, limit)
}

// checker returns a report that compares each step with the sequential
// calculation, and counts them.
func checker(t *testing.T, steps *int, most *float64) func(int64, []float64, []float64) {
	return func(time int64, available, feedIn []float64) {
		wantAvailable, want := sequential(time)
		if time != int64(*steps)*quarter || fmt.Sprint(available) != fmt.Sprint(wantAvailable) || fmt.Sprint(feedIn) != fmt.Sprint(want) {
			t.Errorf("step %d at %d: of %v they feed in %v, want %v", *steps, time, available, feedIn, want)
		}
		*steps++
		*most = max(*most, sum(feedIn))
	}
}

func TestADayOfAgentsHasTheNumbersOfASequentialCalculation(t *testing.T) {
	for name, run := range map[string]func(report func(int64, []float64, []float64)) error{
		"mosaik starts the program": func(report func(int64, []float64, []float64)) error {
			return simulate(t.Context(), report)
		},
		"mosaik connects to it": func(report func(int64, []float64, []float64)) error {
			srv, err := mosaik.Listen(t.Context(), "127.0.0.1:0", new(Controller), nil)
			if err != nil {
				return err
			}
			ended := make(chan error, 1)
			go func() { ended <- srv.Serve(context.Background()) }()
			d, err := mosaiktest.Dial(t.Context(), srv.Addr(), nil)
			if err != nil {
				return err
			}
			if err := drive(t.Context(), d, report); err != nil {
				return err
			}
			return <-ended
		},
	} {
		t.Run(name, func(t *testing.T) {
			steps, most := 0, 0.0
			if err := run(checker(t, &steps, &most)); err != nil {
				t.Fatal(err)
			}
			if steps != 96 || most > limit+1e-9 || most < limit-1e-9 {
				t.Errorf("%d steps with at most %v kW, want 96 with %v", steps, most, limit)
			}
		})
	}
}

func TestTheDemoPrintsTheDay(t *testing.T) {
	var out strings.Builder
	if err := demo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 13 || !strings.Contains(got, "\n12:00     56.967   30.000\n") {
		t.Error("it prints\n" + got)
	}
}

func TestWrongParametersEndTheSimulationClearly(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	d, err := mosaiktest.Start(t.Context(), []string{self, "%(addr)s"}, &mosaiktest.Options{Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Init(t.Context(), "Controller-0", map[string]any{"step_size": -1})
	if err == nil || !strings.Contains(err.Error(), "step_size is -1") {
		t.Error("init:", err)
	}
	if err := d.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Error("stop:", err)
	}
	if !strings.Contains(out.String(), "step_size is -1") {
		t.Error("it prints", out.String())
	}
}

func TestAMosaikThatVanishesEndsTheProgramAndItsProcesses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	d, err := mosaiktest.Start(t.Context(), []string{self, "%(addr)s"}, &mosaiktest.Options{Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := d.Init(t.Context(), "Controller-0", nil)
	_, err2 := d.Create(t.Context(), 2, "Generator", nil)
	_, err3 := d.Step(t.Context(), 0, nil, day)
	if err := errors.Join(err1, err2, err3, d.Close()); err != nil {
		t.Error(err)
	}
	// The program ends, and with it its output, which the processes share.
	if err := d.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Error("it ended with", err)
	}
	if !strings.Contains(out.String(), "mosaik was lost between two calls, without a stop") {
		t.Error("it prints", out.String())
	}
}

func TestTheGuidesGoCodeIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../../docs/mosaik.md", 12, "main.go", "controller.go", "agents.go", "demo.go", "main_test.go", "../../mosaik/example_test.go")
}

func TestTheGuidesScenarioIsTheFile(t *testing.T) {
	guide, err1 := os.ReadFile("../../docs/mosaik.md")
	file, err2 := os.ReadFile("scenario.py")
	if err1 != nil || err2 != nil || !strings.Contains(string(guide), "```python\n"+string(file)+"```\n") {
		t.Error("the guide has another scenario than scenario.py", err1, err2)
	}
}
