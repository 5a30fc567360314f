package msgpack_test

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pyrepr"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestValuesTakeTheirSmallestForm(t *testing.T) {
	for _, test := range []struct {
		v    any // as it is sent, and as an any gets it
		want string
	}{
		{nil, "c0"},
		{true, "c3"},
		{false, "c2"},
		{int64(0), "00"},
		{int64(127), "7f"},
		{int64(128), "cc80"},
		{int64(255), "ccff"},
		{int64(256), "cd0100"},
		{int64(65535), "cdffff"},
		{int64(65536), "ce00010000"},
		{int64(1<<32 - 1), "ceffffffff"},
		{int64(1 << 32), "cf0000000100000000"},
		{int64(math.MaxInt64), "cf7fffffffffffffff"},
		{uint64(math.MaxUint64), "cfffffffffffffffff"},
		{int64(-1), "ff"},
		{int64(-32), "e0"},
		{int64(-33), "d0df"},
		{int64(-128), "d080"},
		{int64(-129), "d1ff7f"},
		{int64(-32768), "d18000"},
		{int64(-32769), "d2ffff7fff"},
		{int64(math.MinInt32), "d280000000"},
		{int64(math.MinInt32) - 1, "d3ffffffff7fffffff"},
		{int64(math.MinInt64), "d38000000000000000"},
		{1.0, "cb3ff0000000000000"},
		{math.Copysign(0, -1), "cb8000000000000000"},
		{math.Inf(-1), "cbfff0000000000000"},
		{math.NaN(), "cb7ff8000000000001"},
		{"", "a0"},
		{"ä", "a2c3a4"},
		{strings.Repeat("x", 31), "bf" + strings.Repeat("78", 31)},
		{strings.Repeat("x", 32), "d920" + strings.Repeat("78", 32)},
		{strings.Repeat("x", 255), "d9ff" + strings.Repeat("78", 255)},
		{strings.Repeat("x", 256), "da0100" + strings.Repeat("78", 256)},
		{strings.Repeat("x", 65536), "db00010000" + strings.Repeat("78", 65536)},
		{[]byte{}, "c400"},
		{[]byte{0, 255}, "c40200ff"},
		{make([]byte, 256), "c50100" + strings.Repeat("00", 256)},
		{make([]byte, 65536), "c600010000" + strings.Repeat("00", 65536)},
		{[]any{}, "90"},
		{make([]any, 15), "9f" + strings.Repeat("c0", 15)},
		{make([]any, 16), "dc0010" + strings.Repeat("c0", 16)},
		{make([]any, 65536), "dd00010000" + strings.Repeat("c0", 65536)},
		{map[string]any{}, "80"},
		{map[string]any{"a": []any{int64(1)}}, "81a1619101"},
	} {
		want := unhex(t, test.want)
		got, err := msgpack.Codec{}.Append(nil, test.v, nil)
		if err != nil || string(got) != string(want) {
			t.Errorf("%.50v is %.50x, %v, want %.50s", test.v, got, err, test.want)
		}
		var back any
		if err := (msgpack.Codec{}).Parse(want, &back, nil); err != nil || !pyrepr.Equal(back, test.v) {
			t.Errorf("%.50s is %.50v, %v, want %.50v", test.want, back, err, test.v)
		}
	}
}

func TestMapsHaveLargerFormsToo(t *testing.T) {
	for n, header := range map[int]string{15: "8f", 16: "de0010", 65535: "deffff", 65536: "df00010000"} {
		m := make(map[int]bool, n)
		for i := range n {
			m[i] = true
		}
		b, err := msgpack.Codec{}.Append(nil, m, nil)
		if err != nil || !strings.HasPrefix(hex.EncodeToString(b), header) {
			t.Errorf("map of %d begins with %.5x, %v", n, b, err)
		}
		var back map[int]bool
		if err := (msgpack.Codec{}).Parse(b, &back, nil); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("map of %d comes back with %d entries, %v", n, len(back), err)
		}
	}
}

func TestEveryFormIsRead(t *testing.T) {
	for text, want := range map[string]any{
		"cc05":               int64(5),
		"cd0005":             int64(5),
		"ce00000005":         int64(5),
		"cf0000000000000005": int64(5),
		"d005":               int64(5),
		"d10005":             int64(5),
		"d200000005":         int64(5),
		"d30000000000000005": int64(5),
		"d3ffffffffffffffff": int64(-1),
		"ca3fc00000":         1.5,
		"caff800000":         math.Inf(-1),
		"d90161":             "a",
		"da000161":           "a",
		"db0000000161":       "a",
		"c50001ff":           []byte{255},
		"c600000001ff":       []byte{255},
		"dc000105":           []any{int64(5)},
		"dd0000000105":       []any{int64(5)},
		"de0001a16105":       map[string]any{"a": int64(5)},
		"df00000001a16105":   map[string]any{"a": int64(5)},
		"82a16101a16102":     map[string]any{"a": int64(2)},
		"820101a16102":       map[any]any{int64(1): int64(1), "a": int64(2)},
	} {
		var got any
		if err := (msgpack.Codec{}).Parse(unhex(t, text), &got, nil); err != nil || !pyrepr.Equal(got, want) {
			t.Errorf("%s is %#v, %v, want %#v", text, got, err, want)
		}
	}
}

func TestTextAndIntegersThatMsgPackLacks(t *testing.T) {
	c := msgpack.Codec{}
	b, err := c.Append(nil, map[string]any{"k\xff": "a\xc3b"}, nil)
	if err != nil || hex.EncodeToString(b) != "81a46befbfbda561efbfbd62" {
		t.Errorf("invalid UTF-8 is %x, %v", b, err)
	}
	for _, text := range []string{"18446744073709551616", "-9223372036854775809"} {
		v, _ := new(big.Int).SetString(text, 10)
		_, err := c.Append(nil, []any{v}, nil)
		var unsupported *codec.UnsupportedError
		if !errors.As(err, &unsupported) || unsupported.Path != "[0]" {
			t.Errorf("%s: error is %v", text, err)
		}
	}
	if b, err := c.Append(nil, new(big.Int).SetUint64(math.MaxUint64), nil); err != nil || len(b) != 9 {
		t.Errorf("%x, %v", b, err)
	}
}

func TestBytesAreNoText(t *testing.T) {
	c := msgpack.Codec{}
	type blob []byte
	type data struct {
		A []byte   `msgpack:"a"`
		B blob     `msgpack:"b"`
		C [3]byte  `msgpack:"c"`
		D [][]byte `msgpack:"d"`
	}
	want := data{[]byte{1}, blob{2, 3}, [3]byte{4, 5, 6}, [][]byte{{}, nil, {7}}}
	b, err := c.Append(nil, want, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got data
	if err := c.Parse(b, &got, nil); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%x is %v, %v, want %v", b, got, err, want)
	}
	clear(b)
	if !reflect.DeepEqual(got, want) {
		t.Error("bytes share memory with the source")
	}
	for text, into := range map[string]any{"c40161": new(string), "a161": new([]byte), "c40101": new([2]byte), "c401ff": new([]int)} {
		var mismatch *codec.MismatchError
		if err := c.Parse(unhex(t, text), into, nil); !errors.As(err, &mismatch) {
			t.Errorf("%s into a %T: error is %v", text, into, err)
		}
	}
}

func TestBytesThatAreNoMsgPackAreSyntaxErrors(t *testing.T) {
	for _, text := range []string{
		"", "c1", "0000", "c0c0", "a161ff",
		"cc", "cd00", "ce000000", "cf00000000000000", "d0", "d100", "d2000000", "d300000000000000", "ca000000", "cb00000000000000",
		"a1", "a36100", "d9", "d901", "da00", "da0001", "db000000", "db00000001", "dbffffffff", "dbffffffff61",
		"c4", "c401", "c50001", "c6ffffffff00",
		"91", "9200", "dc", "dc0001", "dd000000", "dd00000001", "ddffffffff", "ddffffffff00", "dd7fffffff", "93dc000100",
		"81", "81a161", "82a16100", "de0001a161", "dfffffffff", "df80000000a16100", "df00000002a16100",
		"a1ff", "a2c328", "a3eda080", "a180", "81a1ff00", "91a1c3",
		"d40100", "d5010000", "d6ff00000000", "d7ff0000000000000000", "d80100000000000000000000000000000000", "c70001", "c7010100", "c800010100", "c9000000010100", "91d40100",
	} {
		for _, into := range []any{new(any), new(codec.Raw)} {
			err := msgpack.Codec{}.Parse(unhex(t, text), into, nil)
			var syntax *codec.SyntaxError
			if !errors.As(err, &syntax) {
				t.Errorf("%s into a %T: error is %v (%T)", text, into, err, err)
			}
		}
		for _, into := range []any{new(string), new(int), new(float64), new(bool), new([]byte), new([]any), new(map[string]any), new([]codec.Raw), new(map[string]codec.Raw), new(codec.Map), new(struct{ A int }), new([3]int), new(map[int]string)} {
			if err := (msgpack.Codec{}).Parse(unhex(t, text), into, nil); err == nil {
				t.Errorf("%s parses into a %T", text, into)
			}
		}
	}
}

func TestDeepNestingFailsWithoutDeepRecursion(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("\x91", 200_000),
		strings.Repeat("\x81\xa0", 200_000),
		strings.Repeat("\x81", 200_000),
		strings.Repeat("\x91", codec.MaxDepth+1) + "\x00",
	} {
		for _, into := range []any{new(any), new(codec.Raw), new([]codec.Raw), new(codec.Map)} {
			if err := (msgpack.Codec{}).Parse([]byte(src), into, nil); err == nil {
				t.Errorf("%.5x… parses into a %T", src, into)
			}
		}
		var syntax *codec.SyntaxError
		if _, _, err := (msgpack.Codec{}).ScanMessage([]byte("\x93\x00\x00" + src)); !errors.As(err, &syntax) {
			t.Errorf("%.5x… as content: error is %v", src, err)
		}
	}
}

// TestHostileLengthsTakeNoMemory announces far more than there is.
func TestHostileLengthsTakeNoMemory(t *testing.T) {
	type big [1000]int64
	padding := strings.Repeat("\xc0", 1<<16)
	for name, src := range map[string]string{
		"list":               "\xdd\x00\x01\x00\x00" + padding[1:],
		"map":                "\xdf\x00\x00\x80\x00" + padding[1:],
		"lists within lists": strings.Repeat("\xdc\xff\xff", 500) + padding,
		"bytes":              "\xc6\xff\xff\xff\xff" + padding,
		"text":               "\xdb\xff\xff\xff\xff" + padding,
	} {
		for _, into := range []any{new(any), new([]any), new([]string), new([]codec.Raw), new([]big), new([][]big), new(map[string]big), new(map[string]any), new(map[string]codec.Raw), new(map[big]big), new(codec.Map)} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := msgpack.Codec{}.Parse([]byte(src), into, nil)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 100*uint64(len(src)) {
				t.Errorf("%s into a %T: %d bytes for %d, error is %v", name, into, used, len(src), err)
			}
		}
	}
}
