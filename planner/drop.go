package planner

import (
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// removedSteps drops what is published of assets that left the project: the
// targeted ones, or all without targets. nodes are the project's assets, decided.
func removedSteps(in Input, nodes map[assets.Name]*node) []Step {
	targets := setOf(in.Options.Targets)
	drops := make(map[assets.Name]Reason)
	for key := range in.State.Last {
		name := key.Asset
		if in.Project.Assets[name] == nil && (len(targets) == 0 || targets[name]) {
			drops[name] = Reason{Code: Removed, Message: "no longer in the project" + withAside(in.State.Last[key])}
		}
	}
	if len(drops) == 0 {
		return nil
	}
	return publishedOf(in.State).dropSteps(drops, func(reader assets.Name) bool {
		n := nodes[reader]
		return n != nil && n.builds()
	})
}

// destroySteps drops everything published, or the targets and all published
// assets that read them: without their inputs they could never be built again.
func destroySteps(in Input, order []assets.Name) []Step {
	pub := publishedOf(in.State)
	drops := make(map[assets.Name]Reason)
	if len(in.Options.Targets) == 0 {
		for name, a := range pub {
			drops[name] = Reason{Code: Removed, Message: "everything is destroyed" + a.aside}
		}
	}
	queue := make([]assets.Name, 0, len(in.Options.Targets))
	for _, name := range assets.SortedNames(setOf(in.Options.Targets)) {
		if pub[name] != nil {
			drops[name] = Reason{Code: Removed, Message: "asked for by -target" + pub[name].aside}
			queue = append(queue, name)
		}
	}
	for len(queue) > 0 {
		input := queue[0]
		queue = queue[1:]
		for _, reader := range pub[input].readers {
			if _, ok := drops[reader]; !ok {
				drops[reader] = because(Removed, input, "reads %s, which is destroyed%s", input, pub[reader].aside)
				queue = append(queue, reader)
			}
		}
	}

	var steps []Step
	for _, name := range order {
		if _, ok := drops[name]; !ok {
			steps = append(steps, Step{Key: Key{Asset: name}, Action: None})
		}
	}
	return append(steps, pub.dropSteps(drops, func(assets.Name) bool { return false })...)
}

// published is what is published and who reads it, as recorded when it was
// built: the project may say otherwise by now.
type published map[assets.Name]*publishedAsset

type publishedAsset struct {
	view    bool
	aside   string        // what its drop takes along, for a message
	foreign string        // the kind of an object we did not make that holds its name, or ""
	readers []assets.Name // published assets, sorted
}

// withAside says that rows which were put aside are dropped too.
func withAside(last Materialization) string {
	switch n := last.Quarantine.Count(); n {
	case 0:
		return ""
	case 1:
		return ", with the row that was put aside"
	default:
		return fmt.Sprintf(", with the %d rows that were put aside", n)
	}
}

func publishedOf(state State) published {
	pub := make(published, len(state.Last))
	for key, last := range state.Last {
		a := &publishedAsset{view: last.Table == "", aside: withAside(last)}
		if found, ok := state.Found[key.Asset]; ok && isForeign(&found, true) {
			a.foreign = found.Kind
		}
		pub[key.Asset] = a
	}
	for key, last := range state.Last {
		for input := range last.Reads {
			if a := pub[input]; a != nil {
				a.readers = append(a.readers, key.Asset)
			}
		}
	}
	for _, a := range pub {
		slices.SortFunc(a.readers, assets.Name.Compare)
		a.readers = slices.Compact(a.readers)
	}
	return pub
}

// dropSteps orders the drops, readers before what they read, and blocks those
// that would take away an object that is not ours, or what a published view
// still reads. remade says of a reader that stays whether the plan makes it anew.
func (p published) dropSteps(drops map[assets.Name]Reason, remade func(assets.Name) bool) []Step {
	var steps []Step
	visited := make(map[assets.Name]bool, len(drops))
	dropped := make(map[assets.Name]bool, len(drops))
	var visit func(assets.Name)
	visit = func(name assets.Name) {
		if _, ok := drops[name]; !ok || visited[name] {
			return
		}
		visited[name] = true
		a := p[name]
		s := Step{Key: Key{Asset: name}, Action: Drop}
		if a.foreign != "" {
			s.Reasons = append(s.Reasons, foreign(a.foreign))
		}
		for _, reader := range a.readers {
			visit(reader)
			if p[reader].view && !dropped[reader] && !remade(reader) {
				s.Reasons = append(s.Reasons, because(NeededDownstream, reader, "the published view %s reads it", reader))
			}
		}
		if len(s.Reasons) > 0 {
			s.Action = Blocked
		}
		dropped[name] = s.Action == Drop
		s.Reasons = append(s.Reasons, drops[name])
		steps = append(steps, s)
	}
	for _, name := range assets.SortedNames(drops) {
		visit(name)
	}
	return steps
}
