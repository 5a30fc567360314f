package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas/rpc"
)

// validateAID is the function of a container that returns the name of the type
// of an agent.
const validateAID = "validate_aid"

// agentType asks a container for the type of the agent with an id; it is ""
// if there is none. isContainer is false if the peer answers, but not as a
// container.
func agentType(ctx context.Context, root rpc.Remote, id string) (name string, isContainer bool, err error) {
	answer, err := rpc.Call[any](ctx, root, validateAID, id)
	if remote, ok := errors.AsType[*rpc.RemoteError](err); ok && remote.Type == "LookupError" {
		return "", false, nil
	}
	name, isText := answer.(string)
	return name, isText || answer == nil, err
}

// errNoAgent is why there is nothing to say about an agent whose container
// answers.
var errNoAgent = errors.New("no such agent")

func noAgent(t target) error {
	return &failure{codeFailed, fmt.Errorf("%v: %w", t, errNoAgent), "gomas ls " + t.addr.String() + " lists those that there are"}
}
