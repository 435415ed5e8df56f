// Package session is the way from a directory to a plan and from a plan to a
// warehouse: load → observe → compile → plan → apply. The command, and whoever
// else acts on a project, share it. It holds no opinion on how things look.
//
// [Open] reads the project; each further step runs the ones it needs. Whatever
// goes wrong is a diagnostic. What is learned is cached in .assets, which may be
// deleted at any time.
package session
