package transport

import "sync"

// shelf holds frames of about one size that nobody uses, for whoever wants one
// next. The zero value is ready and holds none.
//
// The first few stay, however long nobody wants them. The others are in a
// [sync.Pool], and it alone would not do: what was freed on one processor is
// often not found on another, and where large messages come and go, garbage is
// collected so often that hardly a frame would live to be used again. New ones
// are memory that the system has to find, and more garbage.
type shelf struct {
	mu   sync.Mutex
	stay [2]*Frame // nil: a free place
	rest sync.Pool
}

// get returns a frame, or nil if there is none.
func (s *shelf) get() *Frame {
	s.mu.Lock()
	for i, f := range s.stay {
		if f != nil {
			s.stay[i] = nil
			s.mu.Unlock()
			return f
		}
	}
	s.mu.Unlock()
	f, _ := s.rest.Get().(*Frame)
	return f
}

// put takes a frame over. It may be one of those that stay.
func (s *shelf) put(f *Frame, may bool) {
	if may && s.keep(f) {
		return
	}
	s.rest.Put(f)
}

func (s *shelf) keep(f *Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.stay {
		if s.stay[i] == nil {
			s.stay[i] = f
			return true
		}
	}
	return false
}
