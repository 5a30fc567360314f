package turn

import "slices"

// waits is waits in the order in which they were added. The zero value is empty.
type waits struct {
	list []Wait       // zero where one was removed
	at   map[Wait]int // places in a long list
	n    int
}

// short is how long a list may be to be searched through.
const short = 32

func (l *waits) add(w Wait) {
	if l.at != nil {
		l.at[w] = len(l.list)
	}
	l.list = append(l.list, w)
	l.n++
	if len(l.list) > short && (l.at == nil || len(l.list) > 2*l.n) {
		l.index()
	}
}

// index closes the gaps of a long list, and notes the places.
func (l *waits) index() {
	l.list = slices.DeleteFunc(l.list, func(w Wait) bool { return w == Wait{} })
	l.at = make(map[Wait]int, 2*len(l.list))
	for i, w := range l.list {
		l.at[w] = i
	}
}

// remove removes w, if it is there.
func (l *waits) remove(w Wait) {
	i, ok := 0, false
	if l.at != nil {
		i, ok = l.at[w]
		delete(l.at, w)
	} else {
		i = slices.Index(l.list, w)
		ok = i >= 0
	}
	if !ok {
		return
	}
	l.n--
	switch {
	case l.at == nil:
		l.list = slices.Delete(l.list, i, i+1)
	case l.n == 0:
		*l = waits{}
	default:
		l.list[i] = Wait{}
	}
}

// wakeAll wakes all, in their order.
func (l *waits) wakeAll(err error) {
	for _, w := range l.list {
		if w != (Wait{}) {
			w.Wake(err)
		}
	}
}
