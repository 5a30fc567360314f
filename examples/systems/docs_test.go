package systems_test

import (
	"testing"

	"github.com/gomas/gomas/examples/systems"
	"github.com/gomas/gomas/internal/guide"
)

func TestTheCodeInTheReadmesIsThatOfTheSystems(t *testing.T) {
	guide.Check(t, "README.md", 1, "election/election.go")
	for name, file := range map[string]string{
		"election": "node.go", "gossip": "node.go", "contractnet": "manager.go",
		"dispatch": "generator.go", "cohda": "unit.go", "chord": "node.go",
	} {
		guide.Check(t, name+"/README.md", 1, name+"/"+file)
	}
}

func TestSystemsAreFoundByName(t *testing.T) {
	for _, want := range systems.All() {
		if got, ok := systems.Find(want.Name); !ok || got.About != want.About {
			t.Errorf("%s: %v, %v", want.Name, got, ok)
		}
	}
	if _, ok := systems.Find("no such system"); ok {
		t.Error("a system is found that is not there")
	}
}
