package export

import (
	"io"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Static writes what is declared, without any run: an event for the job of each
// asset, with what it reads and makes, and one for the dataset of each source, one
// JSON document a line, in the order of their names. No names mean everything; names the graph does not
// have are left out.
func (o OpenLineage) Static(w io.Writer, at time.Time, names []assets.Name) error {
	if len(names) == 0 {
		names = assets.SortedNames(o.Graph.Nodes)
	}
	shown := map[assets.Name]bool{}
	for _, name := range names {
		shown[name] = true
	}
	for _, name := range assets.SortedNames(shown) {
		var e any
		switch {
		case o.Project.Sources[name] != nil:
			e = DatasetEvent{Event: event("DatasetEvent", at), Dataset: o.dataset(name, "")}
		case o.Project.Assets[name] != nil:
			e = JobEvent{Event: event("JobEvent", at), Job: o.AssetJob(name), Inputs: o.Read(name, nil), Outputs: o.Made(name, "", nil)}
		default:
			continue
		}
		line, err := Line(e)
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
