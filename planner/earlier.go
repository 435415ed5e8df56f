package planner

import "github.com/seed-4311623e/assets/assets"

// Unread lists the versions that records of Last or Earlier read of published assets
// and that neither holds, sorted by asset. Whoever reads a state fills Earlier until
// there are none, or none that are still known.
func (s State) Unread() []Made {
	missing := map[assets.Name]map[assets.Digest]bool{}
	look := func(m Materialization) {
		for input, read := range m.Reads {
			last, published := s.Last[Key{Asset: input}]
			if _, held := s.Earlier[Made{input, read.Version}]; !published || held || last.Made.ID == read.Version {
				continue
			}
			if missing[input] == nil {
				missing[input] = map[assets.Digest]bool{}
			}
			missing[input][read.Version] = true
		}
	}
	for _, m := range s.Last {
		look(m)
	}
	for _, m := range s.Earlier {
		look(m)
	}
	var list []Made
	for _, name := range assets.SortedNames(missing) {
		for version := range missing[name] {
			list = append(list, Made{name, version})
		}
	}
	return list
}

// KeepEarlier makes Earlier what [State.Unread] asks for, as far as before holds it:
// the state that was, in which what is now replaced was published.
func (s *State) KeepEarlier(before State) {
	s.Earlier = map[Made]Materialization{}
	for {
		found := false
		for _, made := range s.Unread() {
			record, ok := before.Earlier[made]
			if last := before.Last[Key{Asset: made.Asset}]; last.Made.ID == made.Version {
				record, ok = last, true
			}
			if ok {
				s.Earlier[made] = record
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// TrimArrivals cuts what is older than the oldest version that a record of Last or
// Earlier read off the log of each source. One of which a version was read that it does not hold
// stays whole; of one that nobody reads, the newest stays.
func (s *State) TrimArrivals() {
	oldest := map[assets.Name]int{}
	look := func(m Materialization) {
		for input, read := range m.Reads {
			log, isSource := s.Arrivals[input]
			if !isSource {
				continue
			}
			at := len(log) - 1
			for at > 0 && log[at].ID != read.Version {
				at--
			}
			if known, ok := oldest[input]; !ok || at < known {
				oldest[input] = at
			}
		}
	}
	for _, m := range s.Last {
		look(m)
	}
	for _, m := range s.Earlier {
		look(m)
	}
	trimmed := make(map[assets.Name][]Arrival, len(s.Arrivals))
	for name, log := range s.Arrivals {
		from, read := oldest[name]
		if !read {
			from = max(0, len(log)-1)
		}
		trimmed[name] = log[from:]
	}
	s.Arrivals = trimmed
}
