// Package holder lets other processes work with a warehouse whose file this one holds for
// writing: DuckDB lets them not even read it.
//
// [Serve] listens on a Unix socket for as long as the file is held, answers queries by way
// of package remote, tells which runs go on and what happens in them, and cancels one when
// asked. [Find] is the other end. A connection begins with one line of JSON that says what
// is wanted, and one that answers it. Who may connect is decided by the file system: the
// socket belongs to the user, and lies in a directory that nobody else can enter (place.go).
package holder
