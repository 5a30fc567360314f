// Package mosaiktest plays mosaik's side of its protocol, so that a component is
// tested without mosaik: over a real connection, with the checks that mosaik
// makes, and with errors that say what mosaik would do.
//
//	d, err := mosaiktest.Start(ctx, []string{"./component", "%(addr)s"}, nil)  // "cmd"
//	d, err := mosaiktest.Dial(ctx, server.Addr(), nil)                         // "connect"
//
//	meta, err := d.Init(ctx, "Sim-0", map[string]any{"step_size": 900})
//	entities, err := d.Create(ctx, 2, "Battery", nil)
//	err = d.Run(ctx, mosaiktest.Scenario{Until: 86400, Inputs: …, Query: …, Seen: …})
//
// A driver has one simulator. What the others of a simulation would send it,
// the test says.
package mosaiktest
