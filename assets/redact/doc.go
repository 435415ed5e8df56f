// Package redact takes secrets out of text: as they are, and as they look once
// something has quoted, escaped, recased or cut them.
package redact
