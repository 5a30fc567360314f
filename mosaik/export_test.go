package mosaik

// Run is Main with another standard error.
var Run = run
