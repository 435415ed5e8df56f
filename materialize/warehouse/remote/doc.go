// Package remote reads a warehouse by way of the process that holds its file.
//
// [Answer] serves one connection in that process. In another, [Open] makes a database/sql
// pool of connections to it, on which the reading code of package warehouse works as on a
// file of its own. What it may ask is narrow (permit.go): one SELECT at a time, in a
// transaction that DuckDB itself keeps from writing, and what our own queries need to put
// names in order. Messages are gobs of bounded size (wire.go). Rows are asked for batch by
// batch, so that a reader who stops reading holds nobody up, and is given up after a while.
package remote
