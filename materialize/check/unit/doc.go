// Package unit runs unit tests: what an asset's SQL makes of rows that are given
// to it.
//
// [Prepare] finds all that is wrong with tests and makes them ready; begin there.
// [Suite.Run] runs them. Each worker has a catalog of its own, in memory, in which
// the names of a test's inputs mean tables that hold its fixtures, and the
// asset's name what its SQL makes of them. The SQL is that of a build, run as a
// build runs it; no warehouse and no file but fixtures is in its reach.
//
// Values are compared by their text in DuckDB after they were made values of the
// column's type: within one type, equal texts are equal values, and NULL and NaN
// equal themselves.
package unit
