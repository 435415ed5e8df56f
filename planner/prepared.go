package planner

import "github.com/seed-4311623e/assets/assets"

// Prepared is what planning needs to know of a project alone, worked out once for many
// plans. It is never changed.
type Prepared struct {
	digests map[*assets.Asset]*digests
}

// digests are those of one asset's declarations.
type digests struct{ audit, quarantine, settings assets.Digest }

// Prepare works out what [Input.Prepared] holds of a project.
func Prepare(p *assets.Project) *Prepared {
	all := make(map[*assets.Asset]*digests, len(p.Assets))
	for _, a := range p.Assets {
		all[a] = digestsOf(a)
	}
	return &Prepared{all}
}

func digestsOf(a *assets.Asset) *digests {
	return &digests{AuditDigest(a), QuarantineDigest(a), SettingsDigest(a)}
}

// declared are the digests of an asset's declarations.
func (n *node) declared() *digests {
	if n.digests == nil {
		n.digests = digestsOf(n.asset)
	}
	return n.digests
}
