// Package json is the JSON codec, the default of Python's aiomas.
package json
