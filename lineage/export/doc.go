// Package export writes lineage for other programs and for people: JSON for
// scripts, DOT for Graphviz, Mermaid for Markdown, SVG and PNG to look at, HTML
// to walk through. [Of] says what is shown, a writer how. The same project gives
// the same bytes.
//
// SVG, PNG and the page share one layout: layers.go decides which node stands in
// which layer and in which order, picture.go where that is on paper.
//
// [OpenLineage] makes events of what a project declares, and the parts that events
// of its runs are put together from.
package export
