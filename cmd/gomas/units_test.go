package main

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAPercentileIsNotBelowTheTrueOneAndLessThan2PercentAbove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 300).Draw(t, "durations")
		var l, half latencies
		for i, d := range all {
			if i%2 == 0 {
				l.add(time.Duration(d))
			} else {
				half.add(time.Duration(d))
			}
		}
		l.join(&half)
		slices.Sort(all)
		for _, p := range []float64{1, 50, 90, 99, 100} {
			rank := max(1, int(math.Ceil(float64(len(all))*p/100)))
			want, got := all[rank-1], int64(l.percentile(p))
			if got < want || float64(got) > float64(want)*1.02 {
				t.Fatalf("p%v of %d is %d, want %d", p, len(all), got, want)
			}
		}
		if got := int64(l.percentile(100)); got != all[len(all)-1] {
			t.Fatalf("the longest is %d, want %d", got, all[len(all)-1])
		}
	})
}

func TestWordsAreArrangedForTheParser(t *testing.T) {
	parser, err := newParser(&environment{Context: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, words, want string }{
		{"flags among arguments", "call A f 1 --codec json 2 --trace 3", "call --codec json --trace -- A f 1 2 3"},
		{"a flag with its value in one word", "call A --codec=json f", "call --codec=json -- A f"},
		{"negative numbers", "call A f -1 -2.5e3 -Infinity", "call -- A f -1 -2.5e3 -Infinity"},
		{"an argument that is a command's name", "call A call ls", "call -- A call ls"},
		{"a command of a command", "certs make --dir x h", "certs make --dir x -- h"},
		{"flags behind two dashes", "call A f -- --help -v", "call -- A f --help -v"},
		{"a short flag", "container -v A", "container -v -- A"},
		{"an unknown flag", "call A --what f", "call --what -- A f"},
		{"no words", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(arrange(parser.Model.Node, strings.Fields(test.words)), " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestArrangingLosesNoWord(t *testing.T) {
	parser, err := newParser(&environment{Context: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	word := rapid.SampledFrom([]string{"call", "certs", "make", "A", "--codec", "json", "-v", "-1", "-", "", "--x=1", "--timeout"})
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(word).Draw(t, "words")
		got := slices.DeleteFunc(arrange(parser.Model.Node, words), func(w string) bool { return w == "--" })
		slices.Sort(got)
		slices.Sort(words)
		if !slices.Equal(got, words) {
			t.Fatalf("got %q of %q", got, words)
		}
	})
}

// FuzzArguments wants that what is printed of an argument is the same argument
// again, and that nothing panics.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"1", "-1.5", "word", `"x"`, `a=[1, {"b": null}]`, `{"__type__": [3, [1]]}`, "=", "é=1", "NaN", `{"`, "a=b=c", "1e999"} {
		f.Add(seed)
	}
	types, err := foreignTypes()
	if err != nil {
		f.Fatal(err)
	}
	show := printer{types: types}
	f.Fuzz(func(t *testing.T, word string) {
		args, err := parseArguments([]string{word}, types)
		if err != nil {
			return
		}
		values := args.positional
		for _, v := range args.keywords {
			values = append(values, v)
		}
		if len(values) != 1 {
			t.Fatalf("%q is %d arguments", word, len(values))
		}
		first, err := show.print(values[0])
		if err != nil {
			return // text that is no UTF-8, for example
		}
		again, err := parseArgument(first, types)
		if err != nil {
			t.Fatalf("%q is printed as %s, which is %v", word, first, err)
		}
		if second, err := show.print(again); second != first || err != nil {
			t.Fatalf("%q is printed as %s, and that as %s, %v", word, first, second, err)
		}
	})
}

func TestWhatPeersSayCannotControlATerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range printable(rapid.String().Draw(t, "text")) {
			if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u202e' {
				t.Fatalf("there is %q", r)
			}
		}
	})
}

func TestBytesArePrintedInBase64(t *testing.T) {
	got, err := printer{}.print(map[string]any{"b": []any{[]byte{1, 2, 255}}, "a": nil})
	if want := `{"a": null, "b": ["AQL/"]}`; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// full is an output that has no room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	var stderr strings.Builder
	for _, words := range []string{"version", "completion bash", "complete -- ca"} {
		stderr.Reset()
		code := run(&environment{Context: t.Context(), stdout: full{}, stderr: &stderr}, strings.Fields(words))
		if code != codeFailed || !strings.Contains(stderr.String(), "standard output: no space left") {
			t.Errorf("%s: the exit code is %d; it printed %q", words, code, stderr.String())
		}
	}
}

func TestAnErrorOfTheLibraryDoesNotNameTheProgramTwice(t *testing.T) {
	var stderr strings.Builder
	if code := run(&environment{Context: t.Context(), stdout: full{}, stderr: &stderr}, []string{"container", "tcp://192.0.2.1:80"}); code != codeFailed {
		t.Errorf("the exit code is %d", code)
	}
	if got := stderr.String(); !strings.HasPrefix(got, "gomas: container at ") {
		t.Errorf("it printed %q", got)
	}
}
