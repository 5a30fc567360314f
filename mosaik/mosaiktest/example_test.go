package mosaiktest_test

import (
	"context"
	"fmt"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
)

func Example() {
	ctx := context.Background()
	d, err := mosaiktest.Listen(ctx, nil) // or Start, for a program
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- mosaik.Join(ctx, d.Addr(), new(counter), nil) }()
	meta, err := d.Init(ctx, "Counter-0", nil)
	fmt.Println(meta.Type, err)
	entities, err := d.Create(ctx, 1, "Counter", nil)
	fmt.Println(entities[0].ID, err)
	err = d.Run(ctx, mosaiktest.Scenario{
		Until: 3,
		Query: mosaik.Query{"C": {"steps"}},
		Seen: func(time int64, outputs mosaik.Outputs) error {
			fmt.Println(time, outputs.Values["C"]["steps"])
			return nil
		},
	})
	fmt.Println(err, <-ended)
	// Output:
	// time-based <nil>
	// C <nil>
	// 0 1
	// 1 2
	// 2 3
	// <nil> <nil>
}
