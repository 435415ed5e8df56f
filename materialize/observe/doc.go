// Package observe looks at sources: which version of its data each has now, and
// how a run reads exactly that version.
//
// [Observer.Look] finds the files of every source, or fetches them, leaves out what is
// still being written, identifies them by content and lets DuckDB tell their columns.
// [Changed] tells, after a run has read a source, whether the files are still those
// that were looked at.
package observe
