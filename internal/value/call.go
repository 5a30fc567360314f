package value

import (
	"reflect"
	"strconv"

	"github.com/gomas/gomas/codec"
)

// EncodeContent writes the content of a message: c, or a call if it is a
// *codec.Call.
func EncodeContent(w Writer, content any, types *codec.Types) error {
	c, ok := content.(*codec.Call)
	if !ok {
		return Encode(w, content, types, 1)
	}
	w.BeginList(3)
	w.Item(0)
	w.Path(c.Service, c.Name)
	w.Item(1)
	w.BeginList(len(c.Args))
	for i, arg := range c.Args {
		w.Item(i)
		if err := Encode(w, arg, types, 3); err != nil {
			return within(err, "args["+strconv.Itoa(i)+"]")
		}
	}
	w.EndList()
	w.Item(2)
	w.BeginMap(len(c.Kwargs))
	e := encoder{w: w}
	for i, kw := range c.Kwargs {
		if err := e.key(i, kw.Name, reflect.TypeFor[codec.Call]()); err != nil {
			return err
		}
		if err := Encode(w, kw.Value, types, 3); err != nil {
			return within(err, "kwargs."+kw.Name)
		}
	}
	w.EndMap()
	w.EndList()
	return nil
}
