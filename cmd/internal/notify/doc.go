// Package notify tells others of a run: OpenLineage events, appended to a file and
// posted to a server.
//
// [Open] begins with a run, [Run.Event] is told of what happens in it and never
// waits, [Run.Close] waits for what is on its way, but for no endpoint that does
// not answer. events.go decides which events there are, delivery.go how they
// leave, undelivered.go what becomes of those that could not.
//
// callback.go runs the commands of callback blocks.
package notify
