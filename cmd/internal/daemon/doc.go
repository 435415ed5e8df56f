// Package daemon keeps a project as fresh as it asks for, for as long as it runs.
//
// [Daemon] is a loop that is triggered by levels, not by events: each time it
// wakes it looks at what has to be looked at, makes the plan as of now, begins
// runs for what may be built, and sleeps until the earliest moment at which
// another plan could come out. What wakes it earlier (a file, an edit, the end of
// a run, a jump of the clock) only says that it is time to look: a wake too many costs
// a moment, a wake too few costs at most the poll of that source, and after a
// restart nothing is needed but the warehouse.
//
// The loop runs on one goroutine and owns everything; what takes long (a look, a
// load of the project, a run) has a goroutine of its own and reports to it.
package daemon
