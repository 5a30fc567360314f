package gomastest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/gomastest"
)

// plainJSON is a codec of one's own: encoding/json of the standard library.
// codec.Envelope builds messages and calls from what it can do.
type plainJSON struct{}

func (plainJSON) Name() string { return "plainjson" }

func (c plainJSON) Append(dst []byte, v any, _ *codec.Types) ([]byte, error) {
	v, err := withMessages(v, 0)
	if err == nil {
		var b []byte
		if b, err = json.Marshal(v); err == nil {
			return append(dst, b...), nil
		}
	}
	return dst, &codec.UnsupportedError{Codec: c.Name(), Type: reflect.TypeOf(v), Err: err}
}

// withMessages makes the raw values in lists and maps those of encoding/json.
func withMessages(v any, depth int) (_ any, err error) {
	if depth > codec.MaxDepth {
		return v, errors.New("nested too deep, or within itself")
	}
	switch v := v.(type) {
	case codec.Raw:
		return json.RawMessage(v), nil
	case []any:
		list := make([]any, len(v))
		for i := range v {
			if list[i], err = withMessages(v[i], depth+1); err != nil {
				return v, err
			}
		}
		return list, nil
	case map[string]any:
		table := make(map[string]any, len(v))
		for k := range v {
			if table[k], err = withMessages(v[k], depth+1); err != nil {
				return v, err
			}
		}
		return table, nil
	}
	return v, nil
}

func (c plainJSON) Parse(src []byte, v any, _ *codec.Types) (err error) {
	if !json.Valid(src) {
		return &codec.SyntaxError{Msg: "no JSON"}
	}
	switch p := v.(type) {
	case *codec.Raw:
		*p = src
	case *[]codec.Raw:
		var list []json.RawMessage
		err = json.Unmarshal(src, &list)
		*p = nil
		if list != nil { // it is no null
			*p = make([]codec.Raw, len(list))
		}
		for i := range list {
			(*p)[i] = codec.Raw(list[i])
		}
	case *map[string]codec.Raw:
		var table map[string]json.RawMessage
		err = json.Unmarshal(src, &table)
		*p = nil
		if table != nil {
			*p = make(map[string]codec.Raw, len(table))
		}
		for k := range table {
			(*p)[k] = codec.Raw(table[k])
		}
	default:
		err = json.Unmarshal(src, v)
	}
	if err != nil {
		return &codec.MismatchError{Value: "JSON", Want: fmt.Sprintf("%T", v), Err: err}
	}
	return nil
}

func TestPlainJSON(t *testing.T) {
	gomastest.Codec(t, plainJSON{}, gomastest.CodecOptions{
		NoNaN: true, NoBytes: true, NoTypes: true, NoOrder: true,
		TextKeys: true, FloatsOnly: true, ShallowRaw: true,
	})
}

// A codec of one's own is used like the others. TestPlainJSON, beside it, runs
// the suite.
func ExampleCodec() {
	ctx := context.Background()
	opts := &channel.Options{Codec: plainJSON{}}
	srv, err := channel.Listen(ctx, "tcp://127.0.0.1:0", func(ctx context.Context, conn *channel.Conn) {
		for {
			req, err := conn.Receive(ctx)
			if err != nil {
				return // the client has gone
			}
			numbers, err := channel.Content[[]float64](req)
			if err != nil {
				_ = req.Fail(ctx, err)
				continue
			}
			var sum float64
			for _, x := range numbers {
				sum += x
			}
			_ = req.Reply(ctx, map[string]float64{"sum": sum})
		}
	}, opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	conn, err := channel.Dial(ctx, srv.Addr(), opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	reply, err := channel.Ask[map[string]float64](ctx, conn, []float64{1, 2, 0.5})
	fmt.Println(reply, err)
	_, err = channel.Ask[any](ctx, conn, "no numbers")
	fmt.Println(err != nil)
	// Output:
	// map[sum:3.5] <nil>
	// true
}
