package session

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Somebody asks that an attempt which failed be made again, before its time and with the
// same inputs: a file named after the asset, which holds the id of that attempt. It needs
// no warehouse, which a daemon may hold, and is void once there is another attempt. If
// it is lost, it is asked for again.

func (s *Session) retryDir() string { return s.cache("retry") }

// Failed resolves selectors to assets of which the last attempt failed, and to others,
// which have no reason to be tried again: by what was planned, they may be up to date
// all the same, as when a bad delivery was taken back.
func (s *Session) Failed(selectors []string, plan planner.Plan) (failed, others []assets.Name, diags hcl.Diagnostics) {
	names, diags := s.selectAssets(selectors, "what to try again")
	if diags.HasErrors() {
		return nil, nil, diags
	}
	fresh := map[assets.Name]bool{}
	for _, step := range plan.Steps {
		fresh[step.Asset] = step.State == planner.StateFresh
	}
	for _, name := range names {
		if _, ok := s.State.Failed[planner.Key{Asset: name}]; ok && s.Project.Assets[name] != nil && !fresh[name] {
			failed = append(failed, name)
		} else {
			others = append(others, name)
		}
	}
	return failed, others, nil
}

// AskRetry asks whoever plans next to try assets again that failed.
func (s *Session) AskRetry(names []assets.Name) error {
	if err := os.MkdirAll(s.retryDir(), 0o777); err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(s.retryDir(), name.String())
		// Renamed into place: who is woken by it finds it whole.
		fresh := filepath.Join(s.retryDir(), fmt.Sprintf(".%s.%d", name, os.Getpid()))
		if err := os.WriteFile(fresh, []byte(s.State.Failed[planner.Key{Asset: name}].ID), 0o666); err != nil {
			return err
		}
		if err := os.Rename(fresh, path); err != nil {
			return errors.Join(err, os.Remove(fresh))
		}
	}
	return nil
}

// asked are the attempts that failed and that somebody asks to be made again, by asset.
// What is asked of an attempt that is not the last any more is forgotten.
func (s *Session) asked() map[assets.Name]planner.Materialization {
	entries, err := os.ReadDir(s.retryDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Log.Debug().Err(err).Msg("what is asked to be tried again cannot be read")
	}
	var asked map[assets.Name]planner.Materialization
	for _, e := range entries {
		name, err := assets.ParseName(e.Name())
		if err != nil {
			continue
		}
		path := filepath.Join(s.retryDir(), e.Name())
		id, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		key := planner.Key{Asset: name}
		failed, ok := s.State.Failed[key]
		switch {
		case ok && failed.ID == string(id):
			if asked == nil {
				asked = map[assets.Name]planner.Materialization{}
			}
			asked[name] = failed
		case max(failed.ID, s.State.Last[key].ID) > string(id): // ids are in the order of time
			os.Remove(path)
		}
	}
	return asked
}

// withAsked is a state in which the time of what is asked to be tried again has come.
func (s *Session) withAsked(state planner.State) planner.State {
	asked := s.asked()
	if len(asked) == 0 {
		return state
	}
	state.Failed = maps.Clone(state.Failed)
	for name, failed := range asked {
		failed.Retry = failed.Ended
		state.Failed[planner.Key{Asset: name}] = failed
	}
	return state
}
