// Package check finds out what holds of a relation's rows.
//
// [Run] audits one: a single scan yields the number of rows, the digests that
// identify content, and the outcome of every check that concerns a row or a
// column alone. Only what is violated costs a second look, for rows to show.
// [Cross] runs checks one by one, for those that read other relations too.
//
// [Explain] tells which statements that takes. What the older kinds mean; the
// language reference has all of them:
//
//   - not_null: a row violates it with a NULL in any of the columns.
//   - unique: rows violate it that repeat the columns of another; as in SQL a row
//     with a NULL among them repeats nothing. The surplus rows are counted.
//   - accepted_values: a row violates it with a value that is not in the list.
//     NULL passes, as under CHECK constraints.
//   - expression: a row violates it where the condition is false. NULL passes.
//   - relationships: a row violates it whose columns are found in no row of the
//     other relation. A row with a NULL among them refers to nothing and passes.
//   - row_count: the relation violates it with fewer rows than min or more than max.
//   - sql: each row that the query returns violates it.
//
// A check that cannot be run has failed, whatever its severity: nobody knows
// whether it would hold.
package check
