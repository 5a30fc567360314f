package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints the code by which a shell asks this program for
// completions.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}."`
}

func (*completionCommand) Help() string {
	return `Put the line for your shell into its start-up file:

    bash:  source <(gomas completion bash)
    zsh:   source <(gomas completion zsh)    (after compinit)
    fish:  gomas completion fish | source`
}

// Where nothing is known, all of them complete file names.
var completions = map[string]string{
	"bash": `_gomas() {
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$(gomas complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _gomas gomas
`,
	"zsh": `_gomas() {
	local -a found
	found=("${(@f)$(gomas complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "${found[*]}" ]]; then
		compadd -a found
	else
		_files
	fi
}
compdef _gomas gomas
`,
	"fish": `function __gomas_complete
	set -l words (commandline -opc) (commandline -ct)
	gomas complete -- $words[2..-1] 2>/dev/null
end
complete -c gomas -f -a '(__gomas_complete)'
for flag in ca cert key dir trace
	complete -c gomas -l $flag -r -F
end
`,
}

// Run implements the command.
func (c *completionCommand) Run(env *environment) error {
	env.printf("%s", completions[c.Shell])
	return nil
}

// completeCommand lists what may stand in the place of the last word.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// Run implements the command.
func (c *completeCommand) Run(env *environment, parser *kong.Kong) error {
	for _, candidate := range complete(parser.Model.Node, c.Words) {
		env.printf("%s\n", candidate)
	}
	return nil
}

// complete returns what may stand in the place of the last word, sorted;
// nothing if that is for the shell or the user to know.
func complete(node *kong.Node, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	var flags []*kong.Flag
	flags = append(flags, node.Flags...)
	var pending *kong.Flag // whose value comes next
	position := 0
	for _, word := range before {
		switch {
		case pending != nil && word == "=": // bash makes a word of it
		case pending != nil:
			pending = nil
		case strings.HasPrefix(word, "-"):
			if f := flagOf(flags, word); f != nil && !f.IsBool() {
				pending = f
			}
		default:
			if child := childOf(node, word); child != nil {
				node = child
				flags = append(flags, child.Flags...)
			} else {
				position++
			}
		}
	}
	if last == "=" {
		last = ""
	}
	var found []string
	flag, value, hasValue := strings.Cut(last, "=")
	switch {
	case pending != nil:
		found = values(pending.Value)
	case strings.HasPrefix(last, "-") && hasValue:
		if f := flagOf(flags, flag); f != nil {
			return completed(values(f.Value), flag+"=", value)
		}
	case strings.HasPrefix(last, "-"):
		for _, f := range flags {
			if !f.Hidden {
				found = append(found, "--"+f.Name)
			}
		}
	case len(node.Children) > 0:
		for _, child := range node.Children {
			if !child.Hidden {
				found = append(found, child.Name)
			}
		}
	case position < len(node.Positional):
		found = values(node.Positional[position])
	}
	return completed(found, "", last)
}

// completed returns the candidates that begin with a text, sorted, each behind
// a prefix.
func completed(candidates []string, prefix, start string) []string {
	var found []string
	for _, c := range candidates {
		if strings.HasPrefix(c, start) {
			found = append(found, prefix+c)
		}
	}
	slices.Sort(found)
	return found
}

// values returns the values that there are, nil if anything will do.
func values(v *kong.Value) []string {
	if c, ok := v.Target.Interface().(interface{ choices() []string }); ok {
		return c.choices()
	}
	if v.Enum == "" {
		return nil
	}
	return strings.Split(v.Enum, ",")
}
