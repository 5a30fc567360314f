package value

// Borrowed is implemented by contents of calls that are needed only until they
// have been encoded, and take no memory while the reply is waited for.
type Borrowed interface {
	// Content returns what is encoded.
	Content() any
	// GiveBack is called when that has been done. It is not called if the
	// request fails before, or a marshaler panics.
	GiveBack()
}
