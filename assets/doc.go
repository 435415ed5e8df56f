// Package assets holds what a project declares: sources, assets, checks and
// policies, as plain data. It reads no file, knows no clock and opens no
// database; package assets/config fills it from *.hcl files.
//
// Start with [Project]. Everything in a project is found by its [Name].
package assets
