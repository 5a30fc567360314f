package gomastest

import (
	"strings"
	"testing"

	"github.com/gomas/gomas/transport/local"
)

// Sequence fails the test if the messages among events are not those that are
// wanted, in that order, and shows both beside each other. Messages are what
// [local.Messages] returns; call that first for those between two agents only:
//
//	events := local.Messages(trace.Events(), "a", "local://b/0")
//	gomastest.Sequence(t, events, `
//		a -> b: 0.add(3, 4)
//		b -> a: 7
//		a -> b: 0.add(*)
//		b -> a: failed: TypeError*
//		...
//	`)
//
// Each line of want is one message, as [local.Event.Line] writes it; leading and
// trailing space and empty lines do not count. An asterisk is any text, also none,
// and a line of three dots any number of messages.
func Sequence(t testing.TB, events []local.Event, want ...string) {
	t.Helper()
	s := newSequence(local.Messages(events), want)
	if !s.holds() {
		t.Errorf("the messages are not as wanted (- wanted, + there):\n%s", s.diff())
	}
}

// anyMessages is a line for any number of messages, and anyText a character for any
// text.
const (
	anyMessages = "..."
	anyText     = '*'
)

// sequence is what is wanted, and what there is.
type sequence struct {
	want   []string
	got    []string
	number []uint64 // of the events in got
}

func newSequence(messages []local.Event, want []string) *sequence {
	s := &sequence{}
	for _, text := range want {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				s.want = append(s.want, line)
			}
		}
	}
	for i := range messages {
		s.got = append(s.got, messages[i].Line())
		s.number = append(s.number, messages[i].N)
	}
	return s
}

func (s *sequence) holds() bool {
	return matches(len(s.want), len(s.got), s.open, s.fits)
}

// open reports whether line i of want stands for any number of messages.
func (s *sequence) open(i int) bool { return s.want[i] == anyMessages }

// fits reports whether message j is what line i of want stands for.
func (s *sequence) fits(i, j int) bool {
	pattern, text := s.want[i], s.got[j]
	return matches(
		len(pattern), len(text),
		func(i int) bool { return pattern[i] == anyText },
		func(i, j int) bool { return pattern[i] == text[j] },
	)
}

// matches reports whether a pattern of n parts matches a list of m items, where
// open parts stand for any number of items, and others for one that they fit.
func matches(n, m int, open func(i int) bool, fits func(i, j int) bool) bool {
	i, j := 0, 0
	retry, from := -1, 0 // where to go on after one more item for the last open part
	for j < m {
		switch {
		case i < n && open(i):
			i++
			retry, from = i, j
		case i < n && fits(i, j):
			i++
			j++
		case retry >= 0:
			from++
			i, j = retry, from
		default:
			return false
		}
	}
	for i < n && open(i) {
		i++
	}
	return i == n
}
