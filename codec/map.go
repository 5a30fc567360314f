package codec

// Map is a map that keeps the order of its entries. As a destination it takes
// every map that is received, and all maps inside are Maps too; keys are
// strings, or the scalars that the format allows.
type Map []Entry

// Entry is one key of a [Map] and its value.
type Entry struct {
	Key   any
	Value any
}

// Get returns the value of a key that is a string.
func (m Map) Get(key string) (value any, ok bool) {
	for _, e := range m {
		if k, isText := e.Key.(string); isText && k == key {
			return e.Value, true
		}
	}
	return nil, false
}
