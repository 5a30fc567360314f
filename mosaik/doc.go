// Package mosaik couples a program to mosaik, the co-simulator for energy
// systems: a [Simulator] in Go takes part in a simulation beside those in
// Python, Java and other languages, over mosaik's own protocol, API 3.
//
//	type Controller struct{ … } // with the methods of Simulator
//
//	func main() {
//		if err := mosaik.Main(context.Background(), os.Args[1:], new(Controller), nil); err != nil {
//			os.Exit(1)
//		}
//	}
//
// [Main] serves both ways in which mosaik starts simulators; [Join] and [Listen]
// are what it is made of. Attributes and parameters may be plain maps, or
// structs with tags: [ModelOf], [Params.Decode], [Entities]. [World] is for
// requests to mosaik. [Agents] drives a multi-agent system by the steps of a
// simulation, over any number of processes.
//
// Package mosaiktest plays mosaik, for tests.
package mosaik
