package examples

import "embed"

// FS holds the files of every example project, each under a directory of its
// name. Warehouses and caches that a run leaves beside them are not in it.
//
//go:embed jaffle_shop/*.hcl jaffle_shop/*.md jaffle_shop/data jaffle_shop/staging jaffle_shop/marts
//go:embed flights/*.hcl flights/*.md flights/data flights/staging flights/marts
//go:embed user_logins/*.hcl user_logins/*.md user_logins/data user_logins/staging user_logins/marts
//go:embed ride_sharing/*.hcl ride_sharing/*.md ride_sharing/data ride_sharing/staging ride_sharing/dwh ride_sharing/marts
//go:embed streaming/*.hcl streaming/*.md streaming/data streaming/sql
var FS embed.FS

// Names lists the example projects, the one to begin with first.
func Names() []string {
	return []string{"jaffle_shop", "flights", "user_logins", "ride_sharing", "streaming"}
}
