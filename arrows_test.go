package gomas_test

import (
	"os/exec"
	"strings"
	"testing"
)

// layers are the packages from the bottom up. A package may import those of
// lower layers only.
var layers = [][]string{
	{"internal/stack", "internal/testcert", "internal/faulty", "internal/pypeer", "internal/blosc", "internal/guide"},
	{"turn", "codec"},
	{"transport", "clock", "internal/value", "internal/pyrepr", "internal/backoff"},
	{"codec/json", "codec/msgpack", "internal/world"},
	{"codec/blosc", "transport/local"},
	{"channel"},
	{"rpc", "gomastest"},
	{"."},
	{"examples/systems/stage"},
	{
		"examples/systems/chord", "examples/systems/cohda", "examples/systems/contractnet",
		"examples/systems/dispatch", "examples/systems/election", "examples/systems/gossip",
	},
	{"examples/systems"},
	{"mosaik"},
	{"mosaik/mosaiktest"},
	{"cmd", "examples"},
}

func TestImportsGoDownTheLayers(t *testing.T) {
	const module = "github.com/gomas/gomas"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	layerOf := func(path string) int {
		name := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
		if name == "" {
			name = "."
		}
		for i, names := range layers {
			for _, n := range names {
				if name == n || (n == "cmd" || n == "examples") && strings.HasPrefix(name, n+"/") {
					return i
				}
			}
		}
		t.Errorf("%s is in no layer: give it one", path)
		return len(layers)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		packages++
		for _, imported := range fields[1:] {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			if layerOf(imported) >= layerOf(fields[0]) {
				t.Errorf("%s imports %s, which is not below it", fields[0], imported)
			}
		}
	}
	if packages < 5 {
		t.Errorf("saw only %d packages", packages)
	}
}
