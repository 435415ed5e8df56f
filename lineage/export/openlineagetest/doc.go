// Package openlineagetest checks events against OpenLineage's specification. It is
// for tests, and needs a copy of the specification beside the repository: [New]
// skips the test where there is none.
package openlineagetest
