// Package export writes lineage for other programs: JSON for scripts, DOT for
// Graphviz, Mermaid for Markdown. [Of] says what is shown, a writer how. The
// same project gives the same bytes.
package export
