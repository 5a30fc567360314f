package stage

import "testing"

func TestFiguresSayWhetherTheyAreRight(t *testing.T) {
	for _, c := range []struct {
		figure Figure
		ok     bool
		text   string
	}{
		{Exactly("messages", 63, 63), true, "messages: 63 (known: 63)"},
		{Exactly("messages", 64, 63), false, "messages: 64 (known: 63) WRONG"},
		{Near("λ", 9.148263, 9.14826, 5e-6), true, "λ: 9.148263 (known: 9.14826 ± 5e-06)"},
		{Near("λ", 9.14827, 9.14826, 5e-6), false, "λ: 9.14827 (known: 9.14826 ± 5e-06) WRONG"},
		{AtMost("deviation", 0.0125, 0.02), true, "deviation: 0.0125 (known: at most 0.02)"},
		{AtMost("deviation", 0.0225, 0.02), false, "deviation: 0.0225 (known: at most 0.02) WRONG"},
		{AtMost("deviation", -1, 0.02), false, "deviation: -1 (known: at most 0.02) WRONG"},
	} {
		if c.figure.OK() != c.ok || c.figure.String() != c.text {
			t.Errorf("%v: %v", c.figure, c.figure.OK())
		}
	}
}

func TestAnOutcomeIsRightIfAllItsFiguresAre(t *testing.T) {
	right, wrong := Exactly("a", 1, 1), Exactly("b", 1, 2)
	for _, c := range []struct {
		name    string
		figures []Figure
		ok      bool
	}{
		{"all right", []Figure{right, right}, true},
		{"one wrong", []Figure{right, wrong}, false},
		{"nothing known", nil, false},
	} {
		if o := (&Outcome{Figures: c.figures}); o.OK() != c.ok {
			t.Errorf("%s: %v", c.name, o.OK())
		}
	}
	const want = "It went well.\n3 messages\na: 1 (known: 1)\nb: 1 (known: 2) WRONG\n"
	if got := (&Outcome{Summary: "It went well.", Messages: 3, Figures: []Figure{right, wrong}}).String(); got != want {
		t.Errorf("it prints\n%s", got)
	}
}
