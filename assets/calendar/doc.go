// Package calendar answers when a schedule ticks: cron expressions of five fields,
// presets and intervals, in any time zone, also on the days when clocks change.
//
// Start with [Parse]; a [Schedule] has the tick at or after a moment, [Schedule.First],
// and the one at or before it, [Schedule.Latest]. A tick is a moment: the beginning of
// a minute. [Zone] finds zones, [ParseDuration] reads how people write spans of time.
//
// Clocks that change are Vixie cron's affair of two kinds of jobs. Where the minute or
// the hour begins with "*", ticks follow elapsed time: each minute whose civil time
// matches, also when it comes twice, and none for what is skipped. All others stand
// for fixed times of a day: a time that comes twice ticks the first time, and times
// that are skipped tick together, at the first minute after the gap.
package calendar
