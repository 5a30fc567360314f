package mosaik_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
)

// lines collects a log, and says when the first line is there that has a text.
type lines struct {
	mu   sync.Mutex
	all  strings.Builder
	want string
	seen chan string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.want != "" && strings.Contains(string(p), l.want) {
		l.want = ""
		l.seen <- string(p)
	}
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func TestMainServesBothWaysOfTheCommandLineAndLogs(t *testing.T) {
	begin := func(t *testing.T, d *mosaiktest.Driver) {
		simulation{d, nil}.begin(t)
		if err := d.Run(t.Context(), mosaiktest.Scenario{Until: 2}); err != nil {
			t.Error(err)
		}
	}
	t.Run("joining", func(t *testing.T) {
		d, err := mosaiktest.Listen(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		log := new(lines)
		ended := make(chan error, 1)
		go func() {
			ended <- mosaik.Run(context.Background(), []string{"-log", "debug", d.Addr()}, &scripted{}, nil, log)
		}()
		begin(t, d)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, want := range []string{"connected to mosaik", "a simulation begins", "simulator=Sim-0", "call=step", "mosaik has stopped the simulation"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%q is not in the log:\n%s", want, log)
			}
		}
	})
	t.Run("listening", func(t *testing.T) {
		log := &lines{want: "waiting for mosaik", seen: make(chan string, 1)}
		ended := make(chan error, 1)
		go func() {
			ended <- mosaik.Run(context.Background(), []string{"127.0.0.1:0", "-listen", "-log", "info"}, &scripted{}, nil, log)
		}()
		_, addr, _ := strings.Cut(strings.TrimSpace(<-log.seen), "connect=")
		d, err := mosaiktest.Dial(t.Context(), addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		begin(t, d)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "call=step") {
			t.Errorf("each call is logged at level info:\n%s", log)
		}
	})
}

func TestMistakesOfTheCommandLineSayWhatIsRight(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no address", nil, "0 addresses instead of one; give HOST:PORT"},
		{"two addresses", []string{"a:1", "b:2"}, "2 addresses"},
		{"no port", []string{"localhost"}, "port"},
		{"an unknown flag", []string{"-remote", "a:1"}, "-remote"},
		{"nobody there", []string{"127.0.0.1:1"}, "is it the address that mosaik has put for %(addr)s?"},
		{"an address of another machine", []string{"-listen", "203.0.113.1:1"}, "listen at 203.0.113.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := mosaik.Run(t.Context(), test.args, &scripted{}, nil, new(lines))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	log := new(lines)
	if err := mosaik.Run(t.Context(), []string{"-help"}, &scripted{}, nil, log); err != nil || !strings.Contains(log.String(), "wait there until mosaik connects") {
		t.Errorf("help: %v\n%s", err, log)
	}
}

func TestFailuresAreLogged(t *testing.T) {
	log := new(lines)
	d, err := mosaiktest.Listen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- mosaik.Join(context.Background(), d.Addr(), &scripted{step: func(context.Context, mosaik.Step) (int64, error) {
			return 0, errors.New("spam")
		}}, &mosaik.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	}()
	simulation{d, nil}.begin(t)
	var failure *mosaik.RemoteError
	if err := d.Run(t.Context(), mosaiktest.Scenario{Until: 2}); !errors.As(err, &failure) {
		t.Error(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "step: spam") {
		t.Error("it ended with", err)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "call=step") || !strings.Contains(log.String(), "error=spam") {
		t.Error(log)
	}
}
