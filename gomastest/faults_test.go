package gomastest_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/gomastest"
)

// faulty is the JSON codec with what one fault needs in place of its methods.
type faulty struct {
	json.Codec
	name        func() string
	append      func(dst []byte, v any, types *codec.Types) ([]byte, error)
	parse       func(src []byte, v any, types *codec.Types) error
	scanMessage func(src []byte) (codec.Header, codec.Raw, error)
	split       func(dst []byte, h codec.Header, content any, types *codec.Types) ([]byte, int, string, error)
	mark        func(dst []byte, start int) []byte
	scanCall    func(content codec.Raw) ([]byte, codec.Raw, codec.Raw, error)
	parseArgs   func(args codec.Raw, dst []any, types *codec.Types) (int, error)
	unpack      func(dst, payload []byte, limit int) ([]byte, error)
}

func (f faulty) Name() string { return or(f.name, f.Codec.Name)() }

func (f faulty) Append(dst []byte, v any, types *codec.Types) ([]byte, error) {
	return or(f.append, f.Codec.Append)(dst, v, types)
}

func (f faulty) Parse(src []byte, v any, types *codec.Types) error {
	return or(f.parse, f.Codec.Parse)(src, v, types)
}

func (f faulty) ScanMessage(src []byte) (codec.Header, codec.Raw, error) {
	return or(f.scanMessage, f.Codec.ScanMessage)(src)
}

func (f faulty) AppendSplit(dst []byte, h codec.Header, content any, types *codec.Types) (b []byte, at int, text string, err error) {
	return or(f.split, f.Codec.AppendSplit)(dst, h, content, types)
}

func (f faulty) Mark(dst []byte, start int) []byte { return or(f.mark, f.Codec.Mark)(dst, start) }

func (f faulty) ScanCall(content codec.Raw) (path []byte, args, kwargs codec.Raw, err error) {
	return or(f.scanCall, f.Codec.ScanCall)(content)
}

func (f faulty) ParseArgs(args codec.Raw, dst []any, types *codec.Types) (int, error) {
	return or(f.parseArgs, f.Codec.ParseArgs)(args, dst, types)
}

func (f faulty) Pack(dst, message []byte) ([]byte, error) { return blosc.Codec{}.Pack(dst, message) }

func (f faulty) Unpack(dst, payload []byte, limit int) ([]byte, error) {
	return or(f.unpack, blosc.Codec{}.Unpack)(dst, payload, limit)
}

// or returns the method f, or the right one if there is none.
func or[F any](f, right F) F {
	if reflect.ValueOf(f).IsNil() {
		return right
	}
	return f
}

var (
	right  json.Codec
	shared []byte
)

// faults are codecs with one fault each, by the sentence that is then false.
var faults = map[string]faulty{
	"it has a name": {name: func() string { return "" }},
	"values come back as they were": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		if f, ok := v.(float64); ok && f == 1 {
			v = 1 // an integer
		}
		return right.Append(dst, v, types)
	}},
	"what the format cannot express is refused": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		b, err := right.Append(dst, v, types)
		if err != nil {
			return append(dst, "null"...), nil
		}
		return b, nil
	}},
	"what does not fit is a mismatch": {parse: func(src []byte, v any, types *codec.Types) error {
		if err := right.Parse(src, v, types); err != nil {
			return errors.New(err.Error())
		}
		return nil
	}},
	"unknown fields are skipped": {parse: func(src []byte, v any, types *codec.Types) error {
		if bytes.Contains(src, []byte("Z")) && reflect.TypeOf(v).Elem().Kind() == reflect.Struct {
			return &codec.MismatchError{Value: "Z"}
		}
		return right.Parse(src, v, types)
	}},
	"pointers are what they point to": {parse: func(src []byte, v any, types *codec.Types) error {
		if string(src) == "null" && reflect.TypeOf(v).Elem().Kind() == reflect.Pointer {
			return nil // and leave what is there
		}
		return right.Parse(src, v, types)
	}},
	"what was appended to stays as it was": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		return right.Append(dst[:0], v, types)
	}},
	"raw values go in and out as they are": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		if raw, ok := v.(codec.Raw); ok {
			v = string(raw)
		}
		return right.Append(dst, v, types)
	}},
	"only raw values share memory with what was parsed": {parse: func(src []byte, v any, types *codec.Types) error {
		err := right.Parse(src, v, types)
		if table, ok := v.(*map[string]any); ok && err == nil {
			(*table)["Text"] = unsafe.String(&src[1], 5)
		}
		return err
	}},
	"custom types travel at any depth": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		if _, ok := v.([]any); ok {
			types = nil
		}
		return right.Append(dst, v, types)
	}},
	"custom types that fail say why": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		b, err := right.Append(dst, v, types)
		if err != nil {
			err = &codec.UnsupportedError{Reason: "it failed"}
		}
		return b, err
	}},
	"structs and dates may be custom types": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		b, err := right.Append(dst, v, types)
		return bytes.Replace(b, []byte("789+00:00"), []byte("000+00:00"), 1), err
	}},
	"the key of custom types is reserved": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		if _, ok := v.(map[string]any); ok {
			return append(dst, `{"__type__": 1}`...), nil
		}
		return right.Append(dst, v, types)
	}},
	"ordered maps keep their order": {parse: func(src []byte, v any, types *codec.Types) error {
		err := right.Parse(src, v, types)
		if m, ok := v.(*codec.Map); ok {
			slices.Reverse(*m)
		}
		return err
	}},
	"cut data is a syntax error": {parse: func(src []byte, v any, types *codec.Types) error {
		if bytes.HasSuffix(src, []byte("\xff")) {
			src = src[:len(src)-1]
		}
		return right.Parse(src, v, types)
	}},
	"damaged data is an error or another value": {parse: func(src []byte, v any, types *codec.Types) error {
		if len(src) < 100 {
			shared = make([]byte, 64<<10)
		}
		return right.Parse(src, v, types)
	}},
	"deep nesting is an error and no crash": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		b, err := right.Append(dst, v, types)
		if err != nil {
			return append(dst, `"..."`...), nil
		}
		return b, nil
	}},
	"it works in many goroutines at once": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		b, err := right.Append(nil, v, types)
		shared = b
		runtime.Gosched()
		return append(dst, shared...), err
	}},
	"messages come back as they were": {scanMessage: func(src []byte) (codec.Header, codec.Raw, error) {
		h, content, err := right.ScanMessage(src)
		h.Left = uint64(uint32(h.Left))
		return h, content, err
	}},
	"messages are whole with the text that was left out": {split: func(dst []byte, h codec.Header, content any, types *codec.Types) ([]byte, int, string, error) {
		b, at, text, err := right.AppendSplit(dst, h, content, types)
		return b, max(0, at-len(dst)), text, err
	}},
	"what is no message is a syntax error": {scanMessage: func(src []byte) (codec.Header, codec.Raw, error) {
		// A fourth item of a result is not seen.
		return right.ScanMessage(bytes.Replace(src, []byte("[1, 1, \"x\", 2]"), []byte("[1, 1, \"x\"]"), 1))
	}},
	"marked messages mean the same": {mark: func(dst []byte, start int) []byte {
		marked := right.Mark(dst, start)
		return append(marked[:start], bytes.Replace(marked[start:], []byte("null"), []byte("true"), 1)...)
	}},
	"several Go types may be one custom type": {append: func(dst []byte, v any, types *codec.Types) ([]byte, error) {
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() && types.Len() > 0 {
			return append(dst, `{"__type__": [0, {}]}`...), nil
		}
		return right.Append(dst, v, types)
	}},
	"bare data is taken where its type allows it": {parse: func(src []byte, v any, types *codec.Types) error {
		if string(src) == "{}" && types.Len() > 0 {
			return &codec.MismatchError{Value: "map"}
		}
		return right.Parse(src, v, types)
	}},
	"calls come back as they were": {scanCall: func(content codec.Raw) ([]byte, codec.Raw, codec.Raw, error) {
		path, args, kwargs, err := right.ScanCall(content)
		if kwargs == nil {
			kwargs = codec.Raw("{}")
		}
		return path, args, kwargs, err
	}},
	"what is no call is an error": {scanCall: func(content codec.Raw) ([]byte, codec.Raw, codec.Raw, error) {
		path, args, kwargs, err := right.ScanCall(content)
		if err != nil {
			return nil, codec.Raw("[]"), nil, nil
		}
		return path, args, kwargs, nil
	}},
	"arguments are parsed one by one": {parseArgs: func(args codec.Raw, dst []any, types *codec.Types) (int, error) {
		n, err := right.ParseArgs(args, dst, types)
		return min(n, len(dst)), err
	}},
	"packed messages come back as they were": {unpack: func(dst, payload []byte, _ int) ([]byte, error) {
		return blosc.Codec{}.Unpack(dst, payload, 1<<30)
	}},
	"what was not packed is an error": {unpack: func(dst, payload []byte, limit int) ([]byte, error) {
		if len(payload) == 0 {
			return dst, nil
		}
		return blosc.Codec{}.Unpack(dst, payload, limit)
	}},
}

// TestFaulty fails, in the process that TestEachSentenceFindsItsFault starts.
func TestFaulty(t *testing.T) {
	if os.Getenv("GOMASTEST_FAULTS") == "" {
		return
	}
	for sentence, c := range faults {
		t.Run(sentence, func(t *testing.T) {
			gomastest.Codec(t, c, gomastest.CodecOptions{NoBytes: true, TextKeys: true})
		})
	}
}

func TestEachSentenceFindsItsFault(t *testing.T) {
	for _, sentence := range sentences(t) {
		if _, ok := faults[sentence]; !ok {
			t.Errorf("no fault shows that this can fail: %s", sentence)
			continue
		}
		name := "^" + regexp.QuoteMeta(sentence) + "$"
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestFaulty$/"+name+"/"+name)
		cmd.Env = append(os.Environ(), "GOMASTEST_FAULTS=1")
		out, err := cmd.CombinedOutput()
		sub := strings.ReplaceAll(sentence, " ", "_")
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestFaulty/"+sub+"/"+sub) {
			t.Errorf("the fault is not found: %s\n%v\n%s", sentence, err, out)
		}
	}
}

// sentences are the names of the suite's subtests, in order.
func sentences(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("codec.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^\t\t\{"(.+)", suite\.`).FindAllSubmatch(source, -1) {
		names = append(names, string(found[1]))
	}
	if len(names) != len(faults) {
		t.Errorf("%d sentences, %d faults", len(names), len(faults))
	}
	return names
}
