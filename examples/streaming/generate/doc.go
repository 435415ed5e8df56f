// Command generate writes nights of view logs, an hour a file, and the catalogue.
// As collectors do, it sends some views twice, and some players never stop counting.
// In a broken hour it counts milliseconds. The same seed writes the same files.
package main
