// Package warehouse owns DuckDB: it is the only room that imports the driver.
//
// [Open] starts an in-memory instance and attaches the warehouse file to it as
// the catalog _wh; [Memory] starts one without a file. Statements run on a
// [Conn]. What is published and what was done is kept in the schema _assets of
// the file itself, so that data and record commit in one transaction:
// [DB.Stage] keeps a built table across a crash, [DB.Publish] makes a run
// visible, [DB.State] and [Load] read back what is current.
package warehouse
