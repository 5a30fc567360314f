package main

import (
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// negative is what looks like a flag, and is a number.
var negative = regexp.MustCompile(`^-(\d+(\.\d+)?([eE][+-]?\d+)?|Infinity)$`)

// arrange puts the words of a command line in the order that the parser wants:
// the command, its flags, and behind "--" what are neither. So flags may stand
// anywhere among the arguments, and these may be negative numbers.
func arrange(node *kong.Node, words []string) []string {
	var command, flags, rest []string
	known := node.Flags
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if word == "--" {
			rest = append(rest, words...)
			break
		}
		if child := childOf(node, word); child != nil && len(rest) == 0 {
			command = append(command, word)
			node, known = child, append(known[:len(known):len(known)], child.Flags...)
			continue
		}
		if !isFlag(word) {
			rest = append(rest, word)
			continue
		}
		flags = append(flags, word)
		if f := flagOf(known, word); f != nil && !f.IsBool() && len(words) > 0 {
			flags = append(flags, words[0])
			words = words[1:]
		}
	}
	arranged := append(command, flags...)
	if len(rest) > 0 {
		arranged = append(append(arranged, "--"), rest...)
	}
	return arranged
}

func isFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && !negative.MatchString(word)
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// flagOf returns the flag that a word is, nil if it is none, or one with its
// value.
func flagOf(flags []*kong.Flag, word string) *kong.Flag {
	for _, f := range flags {
		if word == "--"+f.Name || f.Short != 0 && strings.TrimPrefix(word, "-") == string(f.Short) {
			return f
		}
	}
	return nil
}
