package mosaik_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gomas/gomas/mosaik"
)

// bare is mosaik byte by byte.
type bare struct {
	t    *testing.T
	conn net.Conn
}

func (b bare) send(payload string) {
	b.t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	if _, err := b.conn.Write(append(frame, payload...)); err != nil {
		b.t.Fatal(err)
	}
}

// read returns the next message, "" at the end.
func (b bare) read() string {
	b.t.Helper()
	var header [4]byte
	if _, err := io.ReadFull(b.conn, header[:]); errors.Is(err, io.EOF) {
		return ""
	} else if err != nil {
		b.t.Fatal(err)
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[:]))
	if _, err := io.ReadFull(b.conn, payload); err != nil {
		b.t.Fatal(err)
	}
	return string(payload)
}

// bareMosaik starts a simulator for which the test is mosaik.
func bareMosaik(t *testing.T, sim mosaik.Simulator) (bare, chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mosaik.Join(context.Background(), ln.Addr().String(), sim, nil) }()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = ln.Close()
	})
	return bare{t, conn}, ended
}

// The messages of a simulation as mosaik sends them and as a simulator in
// Python would answer: no marks, no greetings, failures as lists.
func TestASimulationByteByByte(t *testing.T) {
	sim := &scripted{meta: &mosaik.Meta{Type: mosaik.Hybrid, Models: map[string]mosaik.Model{"Thing": {Attrs: []string{"power", "näme"}}}}}
	sim.step = func(ctx context.Context, step mosaik.Step) (int64, error) {
		switch step.Time {
		case 0:
			percent, err := sim.world.Progress(ctx)
			if err != nil {
				return 0, err
			}
			return int64(percent), nil
		case 1:
			_, err := sim.world.GetData(ctx, mosaik.Query{"Nope-0.A": {"x"}})
			var failure *mosaik.RemoteError
			if !errors.As(err, &failure) || failure.Type != "KeyError" || failure.Message != "'Nope-0'" || failure.Trace != "Traceback\n  File\n" {
				t.Errorf("mosaik's failure: %+v", failure)
			}
			return mosaik.NoStep, nil
		case 2:
			return 0, &mosaik.Error{Type: "GridError", Message: "too \"much\""}
		}
		panic("step")
	}
	m, ended := bareMosaik(t, sim)
	for _, step := range []struct{ send, want string }{
		{
			`[0, 0, ["init", ["Sim-0"], {"time_resolution": 1.0}]]`,
			`[1,0,{"api_version":"3.0","extra_methods":[],"models":{"Thing":{"any_inputs":false,"attrs":["power","näme"],"params":[],"public":true}},"type":"hybrid"}]`,
		},
		{`[0, 1, ["create", [1, "Thing"], {}]]`, `[1,1,[{"eid":"Thing-0","type":"Thing"}]]`},
		{`[0, 2, ["setup_done", [], {}]]`, `[1,2,null]`},
		{
			`[0, 3, ["step", [0, {"Thing-0": {"power": {"O-0.E": NaN}, "n\u00e4me": {"O-0.E": -Infinity}}}, 9], {}]]`,
			`[0,0,["get_progress",[],{}]]`,
		},
		{`[1, 0, 12.0]`, `[1,3,12]`},
		{`[0, 4, ["get_data", [{"Thing-0": ["power"]}], {}]]`, `[1,4,{"Thing-0":{"power":1.5}}]`},
		{`[0, 5, ["step", [1, {}, 9], {}]]`, `[0,1,["get_data",[{"Nope-0.A":["x"]}],{}]]`},
		{`[2, 1, ["KeyError", "'Nope-0'", "Traceback\n", "  File\n"]]`, `[1,5,null]`},
		{`[0, 6, ["step", [2, {}, 9], {}]]`, `[2,6,["GridError","too \"much\""]]`},
		{`[0, 7, ["stop", [], {}]]`, `[1,7,null]`},
	} {
		m.send(step.send)
		if got := m.read(); !sameJSON(got, step.want) {
			t.Fatalf("to %s it says\n%s, want\n%s", step.send, got, step.want)
		}
	}
	if rest := m.read(); rest != "" {
		t.Error("after stop it says", rest)
	}
	_ = m.conn.Close()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), `step: GridError: too "much"`) {
		t.Error("it ended with", err)
	}
}

// sameJSON compares texts, in which the order of keys is ours to choose.
func sameJSON(a, b string) bool { return canonical(a) == canonical(b) }

// canonical sorts keys and leaves numbers as they are written.
func canonical(text string) string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return text
	}
	sorted, _ := json.Marshal(v) // what was decoded can be encoded
	return string(sorted)
}

func TestAMosaikWhoseAnswersMakeNoSenseIsAnError(t *testing.T) {
	for _, answer := range []string{`{"nodes":{},"edges":[["a"]]}`, `{"nodes":{},"edges":[[1,2,{}]]}`, `{"nodes":[]}`, `7`} {
		t.Run(answer, func(t *testing.T) {
			sim := &scripted{}
			sim.step = func(ctx context.Context, _ mosaik.Step) (int64, error) {
				if graph, err := sim.world.Graph(ctx); err == nil || !strings.Contains(err.Error(), "get_related_entities: ") {
					t.Errorf("%+v, %v", graph, err)
				}
				return 1, nil
			}
			m, ended := bareMosaik(t, sim)
			m.send(`[0, 0, ["init", ["Sim-0"], {}]]`)
			m.read()
			m.send(`[0, 1, ["step", [0, {}, 9], {}]]`)
			m.read()
			m.send(`[1, 0, ` + answer + `]`)
			if got := m.read(); !sameJSON(got, `[1,1,1]`) {
				t.Error("it says", got)
			}
			_ = m.conn.Close()
			var lost *mosaik.LostError
			if err := <-ended; !errors.As(err, &lost) || !errors.Is(err, io.EOF) {
				t.Error("it ended with", err)
			}
		})
	}
}

func TestAPanicIsAFailureWithItsTrace(t *testing.T) {
	sim := &scripted{step: func(context.Context, mosaik.Step) (int64, error) { panic("what now") }}
	m, ended := bareMosaik(t, sim)
	m.send(`[0, 0, ["init", ["Sim-0"], {}]]`)
	m.read()
	m.send(`[0, 1, ["step", [0, {}, 9], {}]]`)
	got := m.read()
	if !strings.HasPrefix(got, `[2, 1, ["PanicError", "panic: what now", "github.com/gomas/gomas/mosaik_test.TestAPanic`) || !strings.Contains(got, "wire_test.go") {
		t.Error("it says", got)
	}
	m.send(`[0, 2, ["stop", [], {}]]`)
	m.read()
	_ = m.conn.Close()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "what now") {
		t.Error("it ended with", err)
	}
}

func TestAMosaikThatBreaksTheProtocolIsTurnedAway(t *testing.T) {
	for _, payload := range []string{``, `[`, `{}`, `[0]`, `[0, -1, []]`, `[1, 5, null]`, `[0, 0, ["init", ["Sim-0"], {}]]x`, strings.Repeat("[", 2000)} {
		t.Run(payload[:min(len(payload), 20)], func(t *testing.T) {
			m, ended := bareMosaik(t, &scripted{})
			m.send(payload)
			if got := m.read(); got != "" {
				t.Error("it says", got)
			}
			var lost *mosaik.LostError
			if err := <-ended; !errors.As(err, &lost) {
				t.Error("it ended with", err)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	for _, seed := range []string{
		`[0, 0, ["init", ["Sim-0"], {"time_resolution": 1.0}]]`, `[0, 1, ["create", [1, "Thing"], {"size": 1}]]`,
		`[0, 2, ["step", [0, {"Thing-0": {"power": {"a.b": NaN}}}, 1e300], {}]]`, `[0, 3, ["get_data", [{"Thing-0": ["power"]}], {}]]`,
		`[2, 0, null]`, `[0, 4, ["stop", [], {}]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		m, ended := bareMosaik(t, &scripted{})
		m.send(`[0, 0, ["init", ["Sim-0"], {}]]`)
		m.read()
		m.send(string(message))
		if err := m.conn.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
	})
}
