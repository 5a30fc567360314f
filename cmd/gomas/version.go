package main

import (
	"runtime"
	"runtime/debug"
)

// versionCommand prints which gomas this is.
type versionCommand struct{}

// Run implements the command.
func (*versionCommand) Run(env *environment) error {
	version, revision := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	env.printf("gomas %s%s, %s %s/%s; speaks the protocol of aiomas 2.0.1\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
