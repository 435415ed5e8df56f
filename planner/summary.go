package planner

// Summary counts a plan's steps by action.
type Summary struct {
	Create     int `json:"create"`
	Rebuild    int `json:"rebuild"`
	Revalidate int `json:"revalidate"`
	Drop       int `json:"drop"`
	Wait       int `json:"wait"`
	Blocked    int `json:"blocked"`
	Unchanged  int `json:"unchanged"` // nothing to do
}

// Summary counts p's steps by action.
func (p Plan) Summary() Summary {
	var s Summary
	for i := range p.Steps {
		switch p.Steps[i].Action {
		case Create:
			s.Create++
		case Rebuild:
			s.Rebuild++
		case Revalidate:
			s.Revalidate++
		case Drop:
			s.Drop++
		case Wait:
			s.Wait++
		case Blocked:
			s.Blocked++
		default:
			s.Unchanged++
		}
	}
	return s
}

// Changes reports whether p creates, rebuilds or drops anything. A plan that
// only revalidates changes no data.
func (p Plan) Changes() bool {
	s := p.Summary()
	return s.Create+s.Rebuild+s.Drop > 0
}

// Work reports whether carrying p out would do anything: change data, or audit
// and record what is found up to date.
func (p Plan) Work() bool { return p.Changes() || p.Summary().Revalidate > 0 }

// Index returns p's steps by key, pointing into p.Steps.
func (p Plan) Index() map[Key]*Step {
	index := make(map[Key]*Step, len(p.Steps))
	for i := range p.Steps {
		index[p.Steps[i].Key] = &p.Steps[i]
	}
	return index
}
