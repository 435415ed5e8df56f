// Package planfile keeps a plan in a file, from `plan -out FILE` to `apply FILE`.
//
// A plan file is a header line and a JSON document:
//
//	assets-plan 1 sha256:…
//	{"format_version": "1.0", "plan": {…}, …}
//
// The header holds the format's major version and the checksum of what follows,
// so a file that is foreign, damaged or too new is refused before anything of
// it is believed. A plan file holds no sensitive value.
package planfile
