package local

import "strings"

// Messages returns the messages among events, in the order of their arrival: frames
// with requests, replies and cancels, also those that were lost. What containers do
// by themselves is left out: hellos, and the question whether there is an agent.
//
// If it is said between whom, others are left out, too. That may be containers, by
// id, or agents, by URL: ("a", "b") are all messages between two containers, ("a",
// "local://b/1") calls from container a to agent 1 of b, with their replies, and
// ("local://a/0", "local://b/1") also those from b to agent 0 of a. Which agent a
// call is for is part of the message, but not which it is from: as its sender, an
// agent stands for its container. With one agent alone all calls to it are
// returned, and with one container all from or to it. With more than two, it is all
// messages between any two of them.
func Messages(events []Event, between ...string) []Event {
	parties := make([]party, len(between))
	for i, name := range between {
		parties[i] = parseParty(name)
	}
	var messages []Event
	for i := range events {
		if e := &events[i]; isMessage(e) && isBetween(e, parties) {
			messages = append(messages, *e)
		}
	}
	return messages
}

// isMessage reports whether an event is one of those that Messages returns.
func isMessage(e *Event) bool {
	return e.Kind == Frame && e.Message != helloWord && e.Path != validatePath
}

// party is a container, or an agent of it.
type party struct{ container, agent string }

func parseParty(name string) (p party) {
	p.container, p.agent, _ = strings.Cut(strings.TrimPrefix(name, "local://"), "/")
	return p
}

// ends returns who has called, as far as that is known, and who was called.
func ends(e *Event) (caller, callee party) {
	agent, _ := splitPath(e.Path)
	if e.Message == resultWord || e.Message == failureWord {
		return party{container: e.To}, party{e.From, agent}
	}
	return party{container: e.From}, party{e.To, agent}
}

// calls and called report whether p may be who has called, and is who was called.
func (p party) calls(caller party) bool { return p.container == caller.container }

func (p party) called(callee party) bool {
	return p.container == callee.container && (p.agent == "" || p.agent == callee.agent)
}

func isBetween(e *Event, parties []party) bool {
	caller, callee := ends(e)
	switch len(parties) {
	case 0:
		return true
	case 1:
		p := parties[0]
		return p.called(callee) || p.agent == "" && p.calls(caller)
	}
	for i, p := range parties {
		for j, q := range parties {
			if i != j && p.calls(caller) && q.called(callee) {
				return true
			}
		}
	}
	return false
}
