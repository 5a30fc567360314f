package gomas_test

import (
	"context"
	"fmt"
	"html"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// messages is what travels when one container calls an agent of another, as
// docs/pictures/call.svg shows it.
func messages(t *testing.T) (all []string) {
	t.Helper()
	trace := local.NewTrace(local.All)
	slow := func(from, to string) local.Link { return local.Link{Delay: local.Fixed(time.Millisecond)} }
	err := local.Run(t.Context(), &local.Options{Trace: trace, Links: slow}, func(ctx context.Context) error {
		network := local.From(ctx)
		err := network.Boot(ctx, "plants", func(ctx context.Context) error {
			c, err := gomas.NewContainer(ctx, "local://plants", nil)
			if err != nil {
				return err
			}
			_, err = gomas.Spawn(ctx, c, NewPlant)
			return err
		})
		if err != nil {
			return err
		}
		return network.Boot(ctx, "operator", func(ctx context.Context) error {
			c, err := gomas.NewContainer(ctx, "local://operator", nil)
			if err != nil {
				return err
			}
			plant, err := c.Connect(ctx, "local://plants/0")
			if err != nil {
				return err
			}
			if err := Set.Call(ctx, plant, 120); err != nil {
				return err
			}
			if err := Set.Call(ctx, plant, -1); err == nil {
				return &rpc.Error{Type: "Error", Message: "less than nothing is accepted"}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range trace.Events() {
		if e.Kind != local.Frame {
			continue
		}
		switch e.Message {
		case "request":
			all = append(all, fmt.Sprintf("[0, %d, [%q, %s, {}]]", e.ID, e.Path, e.Content))
		case "result":
			all = append(all, fmt.Sprintf("[1, %d, %s]", e.ID, e.Content))
		case "failure":
			all = append(all, fmt.Sprintf("[2, %d, %s]", e.ID, e.Content))
		case "hello":
			all = append(all, fmt.Sprintf("[4, %d, %s]", e.ID, e.Content))
		default:
			t.Errorf("a %s", e.Message)
		}
	}
	return all
}

func TestThePictureOfACallIsThatOfATrace(t *testing.T) {
	b, err := os.ReadFile("docs/pictures/call.svg")
	if err != nil {
		t.Fatal(err)
	}
	picture, all := html.UnescapeString(string(b)), messages(t)
	if n := strings.Count(picture, ">["); n != len(all) {
		t.Errorf("it shows %d messages of %d", n, len(all))
	}
	for _, message := range all {
		_, after, ok := strings.Cut(picture, ">"+message+"<")
		if !ok {
			t.Fatalf("it does not show %s, or earlier", message)
		}
		picture = after
	}
}
