package codec

import "bytes"

// Own makes copies of what the pointers dst share with the bytes that were
// parsed into them: the memory of a *[Raw], a *[]Raw and a *map[string]Raw.
// Whoever gives the bytes back calls it first.
func Own(dst ...any) {
	for _, v := range dst {
		switch v := v.(type) {
		case *Raw:
			*v = bytes.Clone(*v)
		case *[]Raw:
			for i := range *v {
				(*v)[i] = bytes.Clone((*v)[i])
			}
		case *map[string]Raw:
			for key, raw := range *v {
				(*v)[key] = bytes.Clone(raw)
			}
		}
	}
}
