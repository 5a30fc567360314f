package gomas

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	jsoncodec "github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

// ordersVariable is the environment variable that tells a process what to be.
const ordersVariable = "GOMAS_PROCESS"

// readyPrefix begins the line of its standard output in which a process
// reports, followed by a report.
const readyPrefix = "gomas process: "

// orders are what a process is told to be, as JSON. Secrets have no place in
// them: others may see the environment of a process.
type orders struct {
	Addr     string        `json:"addr"`
	Codec    string        `json:"codec"`
	TLS      bool          `json:"tls,omitempty"`
	Clock    *clockOrders  `json:"clock,omitempty"` // nil: real time
	Timeout  time.Duration `json:"timeout,omitempty"`
	Patience time.Duration `json:"patience,omitempty"`
	Grace    time.Duration `json:"grace"`
}

// clockOrders describe a clock that is set from outside.
type clockOrders struct {
	Start time.Time     `json:"start"` // the date at time 0
	Now   time.Duration `json:"now"`
}

// report is what a process answers, once.
type report struct {
	Addr  string `json:"addr,omitempty"`  // where its container listens
	Error string `json:"error,omitempty"` // why there is none
}

// ordersFor returns the orders for a process that is to work with a
// container.
func ordersFor(c *Container, opts *ProcessOptions) (*orders, error) {
	o := &orders{
		Addr: opts.Addr, Codec: codecOf(&c.opts).Name(), TLS: c.opts.TLS != nil,
		Timeout: c.opts.Timeout, Patience: c.opts.Patience,
		Grace: opts.Grace - opts.Grace/4, // the rest is for the program to end
	}
	time := opts.Clock
	if time == nil {
		time = c.Clock()
	}
	switch time := time.(type) {
	case clock.Real:
	case *clock.External:
		o.Clock = clockOrdersFor(time)
	default:
		return nil, fmt.Errorf("a %T cannot be in two processes; set Clock to one that is real or external", time)
	}
	return o, nil
}

func clockOrdersFor(c *clock.External) *clockOrders {
	for {
		now, date := c.Now(), c.Date()
		if now == c.Now() { // nobody has set it in between
			return &clockOrders{date.Add(-now), now}
		}
	}
}

// options returns the options of a container under the orders. Those of the
// program have what orders cannot say.
func (o *orders) options(program *Options) (*Options, error) {
	var opts Options
	if program != nil {
		opts = *program
	}
	if codecOf(&opts).Name() != o.Codec {
		known, err := codecNamed(o.Codec)
		if err != nil {
			return nil, err
		}
		opts.Codec = known
	}
	if o.TLS && opts.TLS == nil {
		return nil, fmt.Errorf("the parent's connections are secured: ServeProcess needs Options with TLS")
	}
	if o.Clock != nil {
		opts.Clock = clock.NewExternal(o.Clock.Start, o.Clock.Now)
	}
	opts.Timeout, opts.Patience = o.Timeout, o.Patience
	return &opts, nil
}

func codecOf(opts *Options) codec.Codec {
	if opts.Codec == nil {
		return jsoncodec.Codec{}
	}
	return opts.Codec
}

func codecNamed(name string) (codec.Codec, error) {
	for _, c := range []codec.Codec{jsoncodec.Codec{}, msgpack.Codec{}} {
		if c.Name() == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("the parent's codec is %q: ServeProcess needs Options with it", name)
}

// line returns the report as it is written to standard output.
func (r report) line() string {
	text, _ := json.Marshal(r) // texts can always be written
	return readyPrefix + string(text) + "\n"
}
