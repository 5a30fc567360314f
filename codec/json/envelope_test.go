package json_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

func TestMessagesAreWrittenAsPythonWritesThem(t *testing.T) {
	x, s := 3, "b"
	for want, test := range map[string]struct {
		header  codec.Header
		content any
	}{
		`[0, 0, "ohai"]`:                            {codec.Header{}, "ohai"},
		`[1, 18446744073709551615, null]`:           {codec.Header{Kind: codec.Result, ID: math.MaxUint64}, nil},
		`[2, 7, "ValueError: spam\n"]`:              {codec.Header{Kind: codec.Failure, ID: 7}, "ValueError: spam\n"},
		`[0, 1, [1, {"a": 2}]]`:                     {codec.Header{ID: 1}, []any{1, map[string]int{"a": 2}}},
		`[0, 2, {"raw": 1}]`:                        {codec.Header{ID: 2}, codec.Raw(`{"raw": 1}`)},
		`[0, 3, ["add", [], {}]]`:                   {codec.Header{ID: 3}, &codec.Call{Name: "add"}},
		`[0, 4, ["sub/inner/mul", [3, "b"], {}]]`:   {codec.Header{ID: 4}, &codec.Call{Service: "sub/inner", Name: "mul", Args: []any{&x, &s}}},
		`[0, 5, ["add", [1], {"b": 2.0, "a": []}]]`: {codec.Header{ID: 5}, &codec.Call{Name: "add", Args: []any{1}, Kwargs: []codec.Keyword{{Name: "b", Value: 2.0}, {Name: "a", Value: []int{}}}}},
		`[0, 6, ["a\"/\n", [], {}]]`:                {codec.Header{ID: 6}, &codec.Call{Service: `a"`, Name: "\n"}},
	} {
		got, err := json.Codec{}.AppendMessage([]byte("dst:"), test.header, test.content, nil)
		if err != nil || string(got) != "dst:"+want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestMessagesToGomasSayMore(t *testing.T) {
	for want, h := range map[string]codec.Header{
		`[0, 7, "x", 1]`:                    {ID: 7, Left: 1},
		`[0, 7, "x", 18446744073709551615]`: {ID: 7, Left: math.MaxUint64},
		`[1, 7, "x"]`:                       {Kind: codec.Result, ID: 7, Left: 1}, // only of requests
		`[3, 7, "x"]`:                       {Kind: codec.Cancel, ID: 7, Left: 1},
		`[4, 0, "x"]`:                       {Kind: codec.Hello},
	} {
		got, err := json.Codec{}.AppendMessage(nil, h, "x", nil)
		if err != nil || string(got) != want {
			t.Errorf("%+v is %s, %v, want %s", h, got, err, want)
		}
	}
}

func TestAnArgumentThatCannotBeSentIsNamed(t *testing.T) {
	deep := any(nil)
	for range codec.MaxDepth - 2 { // with those of the message, the call and the list of arguments one too many
		deep = []any{deep}
	}
	for want, call := range map[string]*codec.Call{
		"(at args[1].x)":         {Name: "f", Args: []any{1, map[string]any{"x": make(chan int)}}},
		"(at kwargs.k[0])":       {Name: "f", Kwargs: []codec.Keyword{{Name: "k", Value: []any{func() {}}}}},
		"reserved":               {Name: "f", Kwargs: []codec.Keyword{{Name: codec.TypeKey, Value: 1}}},
		"nested more than 1000":  {Name: "f", Args: []any{deep}},
		"nested more than 1000 ": {Name: "f", Kwargs: []codec.Keyword{{Name: "k", Value: deep}}},
	} {
		_, err := json.Codec{}.AppendMessage(nil, codec.Header{ID: 1}, call, nil)
		var unsupported *codec.UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %.200v, want …%s…", err, want)
		}
	}
}

func TestMessagesAreTakenApart(t *testing.T) {
	for src, want := range map[string]struct {
		header  codec.Header
		content string
	}{
		`[0, 0, "ohai"]`:                               {codec.Header{}, `"ohai"`},
		`[1,18446744073709551615,null]`:                {codec.Header{Kind: codec.Result, ID: math.MaxUint64}, "null"},
		" [ 2 , 7 ,\n[ ] ] \r\n":                       {codec.Header{Kind: codec.Failure, ID: 7}, "[ ]"},
		`[0, 5, {"a]": "}\"]", "b": [{}]}]`:            {codec.Header{ID: 5}, `{"a]": "}\"]", "b": [{}]}`},
		`[0, 6, -1.5e5]`:                               {codec.Header{ID: 6}, "-1.5e5"},
		`[0, 7, NaN]`:                                  {codec.Header{ID: 7}, "NaN"},
		`[0, 8, ["\\"]]`:                               {codec.Header{ID: 8}, `["\\"]`},
		`[0, 9, ["` + strings.Repeat(`\"`, 20) + `"]]`: {codec.Header{ID: 9}, `["` + strings.Repeat(`\"`, 20) + `"]`},
		`[0, 10, ` + strings.Repeat("[", 999) + strings.Repeat("]", 999) + "]": {codec.Header{ID: 10}, strings.Repeat("[", 999) + strings.Repeat("]", 999)},
		`[0, 11, [Y, _y, "Yy_` + "\x7f" + `"]]`:                                {codec.Header{ID: 11}, `[Y, _y, "Yy_` + "\x7f" + `"]`}, // an error inside waits
		`[3,1,null]`:                                                           {codec.Header{Kind: codec.Cancel, ID: 1}, "null"},
		`[4, 0, {}]`:                                                           {codec.Header{Kind: codec.Hello}, "{}"},
		`[0, 12, ["x"], 1]`:                                                    {codec.Header{ID: 12, Left: 1}, `["x"]`},
		"[0,13,1.5 ,\n250 ] ":                                                  {codec.Header{ID: 13, Left: 250}, "1.5"},
		`[0,1,"",18446744073709551615]`:                                        {codec.Header{ID: 1, Left: math.MaxUint64}, `""`},
	} {
		header, content, err := json.Codec{}.ScanMessage([]byte(src))
		if err != nil || header != want.header || string(content) != want.content {
			t.Errorf("%.50s is %+v, %.50s, %v", src, header, content, err)
		}
		if cap(content) != len(content) {
			t.Errorf("%.50s: an append to the content would overwrite what follows it", src)
		}
	}
}

func TestWhatIsNoMessageIsASyntaxError(t *testing.T) {
	for _, src := range []string{
		"", " ", "null", "0", `"x"`, "{}", "[]", "[0]", "[0, 1]", "[0, 1, ]", "[0, 1, 2,]", "[0, 1, 2", "[0, 1, 2]]", "[0, 1, 2] 3", "[0, 1 2]", "[0 1, 2]", "[, 0, 1, 2]",
		"[0, 1, 2, 0]", "[0, 1, 2, -1]", "[0, 1, 2, 1.0]", "[0, 1, 2, 1e3]", `[0, 1, 2, "3"]`, "[0, 1, 2, null]", "[0, 1, 2, 01]", "[0, 1, 2, 18446744073709551616]", "[0, 1, 2, 3", "[0, 1, 2, 3,", "[0, 1, 2, 3,]", "[0, 1, 2, 3, 4]", "[0, 1, 2 3]",
		"[1, 1, 2, 3]", "[2, 1, 2, 3]", "[3, 1, 2, 3]", "[4, 1, 2, 3]",
		"[5, 1, 2]", "[10, 1, 2]", "[-1, 1, 2]", "[0.0, 1, 2]", "[true, 1, 2]", `["0", 1, 2]`, "[null, 1, 2]", "[00, 1, 2]",
		"[0, -1, 2]", "[0, 1.0, 2]", "[0, 1e3, 2]", "[0, 01, 2]", `[0, "1", 2]`, "[0, null, 2]", "[0, [], 2]", "[0, NaN, 2]",
		"[0, 18446744073709551616, 2]", "[0, 100000000000000000000, 2]", "[0, 99999999999999999999, 2]", "[0, " + strings.Repeat("1", 5000) + ", 2]",
		"[0, 1, [}]", "[0, 1, {]]", "[0, 1, [[]]", "[0, 1, [1]]]", `[0, 1, ["]]`, `[0, 1, ["\"]]`, `[0, 1, "]`, "[0, 1, nul]", "[0, 1, x]", "\ufeff[0, 1, 2]", "\x00[0, 1, 2]",
		"[0, 1, " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "]",
		"[0, 1, " + strings.Repeat(`{"":`, 1000) + "1" + strings.Repeat("}", 1000) + "]",
	} {
		_, _, err := json.Codec{}.ScanMessage([]byte(src))
		var syntax *codec.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.50q: error is %v (%T)", src, err, err)
		}
	}
}

func TestCallsAreTakenApart(t *testing.T) {
	for src, want := range map[string][3]string{
		`["add", [1, 2], {}]`:                      {"add", "[1, 2]", ""},
		` [ "a/b" ,[ ],{ } ] `:                     {"a/b", "[ ]", ""},
		`["", ["]"], {"k": [1, {"x": null}]}]`:     {"", `["]"]`, `{"k": [1, {"x": null}]}`},
		`["\u00e4\ud83d\ude00/\"", [], {"b": {}}]`: {`ä😀/"`, "[]", `{"b": {}}`},
	} {
		path, args, kwargs, err := json.Codec{}.ScanCall(codec.Raw(src))
		if got := [3]string{string(path), string(args), string(kwargs)}; err != nil || got != want || kwargs != nil && want[2] == "" {
			t.Errorf("%s is %q, %v", src, got, err)
		}
	}
}

func TestWhatIsNoCallIsAnError(t *testing.T) {
	for _, src := range []string{
		"", "null", `"add"`, "{}", "[]", `["add"]`, `["add", []]`, `["add", [], {}, 1]`, `["add", [], {}] 1`, `["add", [], {}`, `["add", [], {`, `["add", [`, `["add`,
		`[1, [], {}]`, `[null, [], {}]`, `[["add"], [], {}]`, `["add", {}, {}]`, `["add", [], []]`, `["add", null, {}]`, `["add", [], null]`, `["add", 1, {}]`, `["add" [], {}]`,
		"[\"\xff\", [], {}]", "[\"\n\", [], {}]", `["\x", [], {}]`, `["add", [}, {}]`,
	} {
		if path, args, kwargs, err := (json.Codec{}).ScanCall(codec.Raw(src)); err == nil {
			t.Errorf("%s is %s, %s, %s", src, path, args, kwargs)
		}
	}
}

func TestArgumentsAreParsedIntoVariables(t *testing.T) {
	args := codec.Raw(` [ 3, "x", 2, false, [1.5], {"a": 1}, null, "\u00e4"]`)
	var x int64
	var s string
	var f float64
	ok := true
	var list []float64
	var table map[string]any
	p := &x
	dst := []any{&x, &s, &f, &ok, &list, &table, &p}
	n, err := json.Codec{}.ParseArgs(args, dst, nil)
	if n != 8 || err != nil || x != 3 || s != "x" || f != 2 || ok || len(list) != 1 || table["a"] != int64(1) || p != nil {
		t.Errorf("%d, %v: %v %v %v %v %v %v %v", n, err, x, s, f, ok, list, table, p)
	}
	var umlaut, unused string
	if n, err := (json.Codec{}).ParseArgs(codec.Raw(`["\u00e4"]`), []any{&umlaut, &unused}, nil); n != 1 || err != nil || umlaut != "ä" || unused != "" {
		t.Errorf("%d, %v: %q, %q", n, err, umlaut, unused)
	}
	var raw codec.Raw
	if n, err := (json.Codec{}).ParseArgs(codec.Raw(`[ [1] , 2 ]`), []any{&raw}, nil); n != 2 || err != nil || string(raw) != "[1]" {
		t.Errorf("%d, %v: %s", n, err, raw)
	}
	if n, err := (json.Codec{}).ParseArgs(codec.Raw("[]"), nil, nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestArgumentsThatDoNotFitAreNamed(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{`[1, "x"]`, "argument 1: string does not fit int"},
		{`[1, 2.5]`, "argument 1: float 2.5 does not fit int"},
		{`[1, 9223372036854775808]`, "argument 1: integer 9223372036854775808 does not fit int"},
		{`[1, null]`, "argument 1: nil does not fit int"},
		{`[1, 2, {"a": [true]}]`, "argument 2: a[0]: bool does not fit int"},
		{`[1, 01]`, "argument 1: invalid number at byte 4"},
		{`[1, 2, {}, tru]`, "argument 3: a word that is no value at byte 11"},
		{`{}`, "content without a list of arguments does not fit call [path, args, kwargs]"},
		{`[1, 2`, "end of data instead of a comma, or the end of the list or map at byte 5"},
		{`[1, 2] 3`, "more after the value at byte 7"},
		{`[1 2]`, `"2" instead of a comma, or the end of the list or map at byte 3`},
		{``, "content without a list of arguments does not fit call [path, args, kwargs]"},
	} {
		var x, y int
		var table map[string][]int
		if _, err := (json.Codec{}).ParseArgs(codec.Raw(test.args), []any{&x, &y, &table}, nil); err == nil || err.Error() != test.want {
			t.Errorf("%s: error is %v, want %s", test.args, err, test.want)
		}
	}
}
