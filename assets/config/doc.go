// Package config reads the *.hcl files of a project into [assets.Project].
//
// [Load] reads leniently: every mistake becomes a diagnostic with its exact
// range, and reading goes on, so that all mistakes of a project are reported in
// one go. It goes through a project in this order, each step with its own file:
//
//	files.go      find the files
//	syntax.go     parse them, going on after syntax errors
//	schema.go     what each block may hold, now and in later versions
//	variables.go  variable blocks and where their values come from
//	secret.go     secret blocks, and obtaining what they name when it is needed
//	locals.go     locals, in the order their references demand
//	scope.go      what an expression may refer to, and evaluating it
//	sensitive.go  what is a secret, and what was made of one
//	project.go, source.go, asset.go, checks.go, freshness.go: one kind of block each
//	foreach.go    one block that makes several of its kind
//	origin.go     which byte of a statement stands where in which file
//	digest.go     what a saved plan is bound to
//
// [Format] and [FormatDir] are `assets fmt`.
package config
