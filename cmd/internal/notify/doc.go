// Package notify tells others of what happens: programs of a run, and people of what goes
// wrong. Nobody who builds waits for either.
//
// A run is told as OpenLineage events, appended to a file and posted to a server. [Open]
// begins with a run, [Run.Event] is told of what happens in it, [Run.Close] waits for what
// is on its way, but for no endpoint that does not answer. events.go decides which events
// there are.
//
// People are told by [Alerts], which compares what holds with what each target was told.
// scene.go makes alerts of what is known at a moment, route.go says whose they are,
// standing.go what is told when, target.go and outbox.go see to it that it arrives, and
// slack.go, email.go and the like write it as each target takes it. What was told is kept
// in a file, so that one process goes on where another one ended.
//
// delivery.go and undelivered.go bring both out: in order, again if they failed, and kept
// for the next process if nothing helped.
//
// callback.go runs the commands of callback blocks.
package notify
