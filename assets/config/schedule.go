package config

import (
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// readSchedule reads when an asset is built regardless of its inputs.
func (l *loader) readSchedule(a *args, asset *assets.Asset) {
	zone := a.timezone("timezone")
	schedule, every := a.filled("schedule"), a.filled("every")
	switch {
	case a.has("schedule") && a.has("every"):
		a.wrong("every", "\"every\" beside \"schedule\"", fmt.Sprintf("%s ticks by one of them. Take the other out.", sentenceStart(a.what)))
	case schedule != "" && a.ticks("schedule", schedule):
		asset.Schedule = assets.Schedule{Expr: schedule, Timezone: zone, Decl: a.expr("schedule").Range()}
		if zone != "" && calendar.IsInterval(schedule) {
			a.noZone("schedule")
		}
	case every != "":
		if _, err := calendar.Parse("@every " + every); err != nil {
			a.wrong("every", fmt.Sprintf("Invalid interval %q", every), sentence(err.Error()))
			break
		}
		asset.Schedule = assets.Schedule{Expr: "@every " + every, Decl: a.expr("every").Range()}
	}
	if zone != "" && !a.has("schedule") {
		a.wrong("timezone", "\"timezone\" without \"schedule\"", "A zone says when the ticks of a cron expression are. Intervals are the same in every zone.")
	}
	if asset.Kind == assets.View && !asset.Schedule.IsZero() {
		l.report(problem(asset.Schedule.Decl, "A view has no schedule", "It shows what its inputs hold at every moment, and is never built. Give the schedule to an asset that it reads, or make it a table."))
	}
}

// ticks checks an argument that says when something ticks.
func (a *args) ticks(name, expr string) bool {
	_, err := calendar.Parse(expr)
	switch {
	case err == nil:
		return true
	case calendar.IsInterval(expr):
		a.wrong(name, fmt.Sprintf("Invalid interval %q", expr), sentence(err.Error()))
	default:
		a.wrong(name, fmt.Sprintf("Invalid cron expression %q", expr), sentence(err.Error())+" "+calendar.Help)
	}
	return false
}

// noZone reports a zone beside an argument whose interval it would not change.
func (a *args) noZone(name string) {
	a.wrong("timezone", "A zone does not change an interval", fmt.Sprintf("%q ticks at whole multiples of its length since 1970 in UTC, in every zone alike. Leave the zone out, or write a cron expression.", name))
}
