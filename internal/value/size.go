package value

import "github.com/gomas/gomas/codec"

// Size returns how many bytes the content of a message will at least take, as
// far as can be seen without going through it: what is one text or one piece of
// bytes counts, and so do the arguments of a call that are.
func Size(content any) int {
	c, ok := content.(*codec.Call)
	if !ok {
		return length(content)
	}
	n := 0
	for _, arg := range c.Args {
		n += length(arg)
	}
	for i := range c.Kwargs {
		n += length(c.Kwargs[i].Value)
	}
	return n
}

func length(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	case codec.Raw:
		return len(v)
	case *string:
		if v != nil {
			return len(*v)
		}
	case *[]byte:
		if v != nil {
			return len(*v)
		}
	case *codec.Raw:
		if v != nil {
			return len(*v)
		}
	}
	return 0
}
