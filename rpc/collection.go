package rpc

import "iter"

// A Collection is a set of services that somebody else keeps, by name, such as
// those of many agents. Its methods may be called from any number of
// goroutines.
type Collection interface {
	// Find returns the service of a name, which it must not keep. If there is
	// none it returns nil, and perhaps an error with which calls fail.
	Find(name []byte) (*Service, error)
	// All returns how many services there are, and yields their names. What it
	// yields to must not call the methods.
	All() (n int, names iter.Seq[string])
}

// Lasting is implemented by collections whose services last: what Find has
// returned for a name it returns until that service is closed, or for a moment
// longer. Calls within the program then need not ask for it each time.
type Lasting interface {
	Collection
	// Lasts is never called.
	Lasts()
}

// lasting reports whether what was found in c, which may be nil, stays there.
func lasting(c Collection) bool {
	if c == nil {
		return true
	}
	_, ok := c.(Lasting)
	return ok
}

// Collect makes the services under s those of c; none can be mounted in s. A
// service of c has precedence over a function of the same name, and should be
// given its place with Reserve. Collect must be called before s is used.
func (s *Service) Collect(c Collection) { s.configure().collection = c }
