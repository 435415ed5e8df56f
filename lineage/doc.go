// Package lineage knows what is made from what. It is pure: DuckDB's syntax
// trees and bound plans come in as JSON, a [Graph] comes out.
//
// [Parse] reads a syntax tree (json_serialize_sql): the names a statement
// refers to and a digest that formatting does not change. [Walk] reads a bound
// plan (json_serialize_plan): output columns, the columns used of each input,
// and volatile functions. [NewGraph] joins the assets of a project, [Select] finds
// those that a person means.
package lineage
