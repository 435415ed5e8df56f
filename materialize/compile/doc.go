// Package compile turns a project into a graph: every asset's SQL is parsed and
// bound by DuckDB against empty tables of its inputs, level by level, and its
// checks against its own columns. Whatever is wrong comes back as diagnostics at
// the place in the project's files, all of it at once.
//
// [Compile] is the way in. What DuckDB said is kept in a cache file by the SQL,
// the columns of its inputs and the engine's version: with nothing changed
// DuckDB is not even started, and after an edit only what it affects is bound
// again. Deleting the cache is always safe.
package compile
