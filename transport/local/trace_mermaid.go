package local

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// defaultMost is how many events a diagram shows by default. Programs that draw
// them refuse text of more than about 50 kB.
const defaultMost = 300

// MermaidOptions are the settings of [WriteMermaid]. The zero value of each field
// means its default, and a nil *MermaidOptions all defaults.
type MermaidOptions struct {
	// Most is how many events are shown, the last ones if there are more. The
	// default is 300; a negative number is all.
	Most int

	// Everything also shows containers that listen, connections that are made
	// and closed, hellos, and the question whether there is an agent. The
	// default is not to, unless one of them has failed.
	Everything bool
}

// WriteMermaid writes events as a sequence diagram of Mermaid, which web pages and
// Markdown show as a picture: requests as solid arrows, replies as dashed ones,
// failures as dashed ones with a cross, what was lost or refused as solid ones with
// a cross, and faults and notes as notes. Containers stand in the order of their
// appearance. The text is that of [WriteText], without sizes.
//
// The syntax is described at https://mermaid.js.org/syntax/sequenceDiagram.html.
func WriteMermaid(w io.Writer, events []Event, opts *MermaidOptions) error {
	var o MermaidOptions
	if opts != nil {
		o = *opts
	}
	if o.Most == 0 {
		o.Most = defaultMost
	}
	var shown []drawn
	told, long := make(story), anyLong(events)
	for _, e := range events {
		call := told.call(e)
		if o.Everything || worthDrawing(&e) {
			shown = append(shown, drawn{e, call})
		}
	}
	left := 0
	if o.Most > 0 && len(shown) > o.Most {
		left = len(shown) - o.Most
		shown = shown[left:]
	}

	d := diagram{w: bufio.NewWriter(w), long: long, ids: make(map[string]string)}
	d.participants(events, shown)
	if left > 0 {
		d.note("", fmt.Sprintf("%d events before are left out", left))
	}
	for _, s := range shown {
		d.draw(s)
	}
	if err := d.w.Flush(); err != nil {
		return fmt.Errorf("local: write a diagram: %w", err)
	}
	return nil
}

// worthDrawing reports whether an event is more than what containers do by
// themselves.
func worthDrawing(e *Event) bool {
	switch e.Kind {
	case Frame:
		return isMessage(e) || e.Outcome != ""
	case Connect, Close:
		return e.Outcome != ""
	case Listen:
		return false
	}
	return true
}

// drawn is an event in a diagram, with the call that it answers.
type drawn struct {
	Event
	call string
}

// diagram writes one.
type diagram struct {
	w     *bufio.Writer // remembers errors
	long  bool
	ids   map[string]string // of containers, in the diagram
	first string            // ids of the outermost participants
	last  string
}

// participants begins the diagram. Names of containers may be anything, so their
// participants have plain ids.
func (d *diagram) participants(events []Event, shown []drawn) {
	used := make(map[string]bool)
	for _, s := range shown {
		used[s.From], used[s.To] = true, true
	}
	d.line("sequenceDiagram")
	add := func(name string) {
		if d.ids[name] != "" {
			return
		}
		d.last = fmt.Sprintf("c%d", len(d.ids)+1)
		if d.first == "" {
			d.first = d.last
		}
		d.ids[name] = d.last
		d.line("    participant " + d.last + " as " + mermaidText(name))
	}
	for i := range events {
		for _, name := range [...]string{events[i].From, events[i].To} {
			if name != "" && used[name] {
				add(name)
			}
		}
	}
	if d.first == "" {
		add(Program) // a note needs to be over somebody
	}
}

func (d *diagram) draw(s drawn) {
	text := s.what(s.call)
	if s.Outcome != "" {
		text += ", " + s.Outcome
	}
	text += " @ " + timeText(s.Time, d.long)
	if s.From == "" || s.To == "" {
		d.note(s.From, text)
		return
	}
	d.line("    " + d.ids[s.From] + mermaidArrow(&s.Event) + d.ids[s.To] + ": " + mermaidText(text))
}

// note writes a note over a container, or all of them.
func (d *diagram) note(container, text string) {
	over := d.ids[container]
	if over == "" {
		over = d.first
		if d.last != d.first {
			over += "," + d.last
		}
	}
	d.line("    note over " + over + ": " + mermaidText(text))
}

func (d *diagram) line(text string) {
	_, _ = d.w.WriteString(text) // Flush returns the error
	_ = d.w.WriteByte('\n')
}

func mermaidArrow(e *Event) string {
	switch {
	case e.Kind == Close:
		return "-->"
	case e.Outcome != "":
		return "-x"
	case e.Kind == Connect:
		return "->"
	case e.Message == resultWord:
		return "-->>"
	case e.Message == failureWord:
		return "--x"
	case e.Message == cancelWord || e.Message == helloWord:
		return "-)"
	}
	return "->>"
}

// mermaidEscapes are for characters with a meaning to Mermaid, or to HTML: entities
// that begin with # in place of &. Percent signs begin comments, and dollars formulas.
var mermaidEscapes = strings.NewReplacer(
	"#", "#35;", ";", "#59;", ":", "#58;", "%", "#37;", "$", "#36;",
	"<", "#60;", ">", "#62;", "&", "#38;", `\`, "#92;", "`", "#96;",
)

// mermaidText returns text as it is written in a diagram.
func mermaidText(text string) string {
	return mermaidEscapes.Replace(oneLine(strings.ToValidUTF8(text, "\ufffd")))
}
