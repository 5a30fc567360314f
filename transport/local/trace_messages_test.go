package local_test

import (
	"slices"
	"testing"

	"github.com/gomas/gomas/transport/local"
)

func TestMessagesAreThoseBetweenTheGiven(t *testing.T) {
	way := func(from, to string, e local.Event) local.Event {
		e.From, e.To = from, to
		return e
	}
	events := []local.Event{
		{Kind: local.Listen, From: "a"},
		between(local.Connect, ""),
		frame("request", 0, "validate_aid", `["0"]`),
		frame("hello", 0, "", "{}"),
		way("a", "b", frame("request", 1, "agents/1/f", "[]")),
		way("a", "b", frame("cancel", 1, "agents/1/f", "null")),
		way("b", "a", frame("failure", 1, "agents/1/f", `"E"`)),
		way("b", "a", frame("request", 1, "agents/0/g", "[]")),
		way("a", "b", lost(frame("result", 1, "agents/0/g", "5"))),
		way("a", "b", frame("request", 2, "agents/2/f", "[]")),
		way("a", "a", frame("request", 1, "agents/2/h", "[]")),
		way("c", "b", frame("request", 1, "agents/1/f", "[3]")),
		way("main", "b", frame("request", 1, "", `"raw"`)),
		{Kind: local.Note, Note: "x"},
	}
	for _, test := range []struct {
		what    string
		between []string
		want    []string
	}{
		{"all", nil, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E", "b -> a: 0.g()", "a -x b: 5",
			"a -> b: 2.f()", "a -> a: 2.h()", "c -> b: 1.f(3)", `main -> b: "raw"`,
		}},
		{"two containers", []string{"b", "a"}, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E", "b -> a: 0.g()", "a -x b: 5", "a -> b: 2.f()",
		}},
		{"containers by URL", []string{"local://main", "local://b"}, []string{`main -> b: "raw"`}},
		{"a container and an agent", []string{"a", "local://b/1"}, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E", "b -> a: 0.g()", "a -x b: 5",
		}},
		{"two agents", []string{"local://a/7", "local://b/1"}, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E",
		}},
		{"two agents that call each other", []string{"local://a/0", "local://b/2"}, []string{
			"b -> a: 0.g()", "a -x b: 5", "a -> b: 2.f()",
		}},
		{"two agents in one container", []string{"local://a/0", "local://a/2"}, []string{"a -> a: 2.h()"}},
		{"a container with itself", []string{"a", "a"}, []string{"a -> a: 2.h()"}},
		{"one agent", []string{"local://b/1"}, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E", "c -> b: 1.f(3)",
		}},
		{"one container", []string{"a"}, []string{
			"a -> b: 1.f()", "a -> b: cancel 1.f", "b -> a: failed: E", "b -> a: 0.g()", "a -x b: 5", "a -> b: 2.f()", "a -> a: 2.h()",
		}},
		{"any of three", []string{"c", "main", "b"}, []string{"c -> b: 1.f(3)", `main -> b: "raw"`}},
		{"strangers", []string{"x", "local://y/0"}, nil},
	} {
		t.Run(test.what, func(t *testing.T) {
			var got []string
			for _, e := range local.Messages(events, test.between...) {
				got = append(got, e.Line())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestOnlyMessagesHaveALine(t *testing.T) {
	for _, e := range []local.Event{{Kind: local.Listen, From: "a"}, between(local.Connect, ""), {Kind: local.Note, Note: "x"}} {
		if line := e.Line(); line != "" {
			t.Errorf("%v: %q", e, line)
		}
	}
}
