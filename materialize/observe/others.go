package observe

import (
	"context"

	"github.com/seed-4311623e/assets/assets"
)

// begin starts looking at the sources that are no files, and returns those that
// are. others waits for the looks at the rest.
func (o *Observer) begin(ctx context.Context, sources []*assets.Source) (files []*assets.Source, others func() map[assets.Name]Look) {
	var tables, pushed []*assets.Source
	for _, s := range sources {
		switch {
		case s.Table != nil:
			tables = append(tables, s)
		case s.Event:
			pushed = append(pushed, s)
		default:
			files = append(files, s)
		}
	}
	found := make(chan []Look, 1)
	go func() { found <- o.lookTables(ctx, tables) }()
	return files, func() map[assets.Name]Look {
		looks := make(map[assets.Name]Look, len(sources))
		for i, look := range <-found {
			looks[tables[i].Name] = look
		}
		for i, look := range o.lookEvents(pushed) {
			looks[pushed[i].Name] = look
		}
		return looks
	}
}
