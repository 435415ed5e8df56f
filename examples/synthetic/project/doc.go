// Package project makes synthetic projects: one source in ten tables, the rest
// assets in ten layers, each with one to three inputs, eight columns, SQL of
// about 500 bytes (CTEs, windows, joins, group by, unions) and two checks.
//
// [Tables] is the project as data, in build order, so that the same SQL can be
// run without this program; [Write] lays it down as files. Both depend on
// nothing but their [Options]. Values are whole numbers, decimals, dates and
// text, so that every build of a table has the same content.
package project
