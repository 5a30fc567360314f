package gomas

import "context"

// Kept says what a container keeps of others: clients, and names of types of
// agents.
func (c *Container) Kept() (lines, names int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.lines.byAddr), len(c.types.names)
}

// LetGo lets clients go that are idle.
func (c *Container) LetGo(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines.letGo(ctx)
}
