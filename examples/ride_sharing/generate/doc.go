// Command generate writes nights of ride-sharing trips, with the mistakes that
// apps, phones and drivers make: trips delivered twice, negative fares, trips that
// arrive a night late, and, in a broken night, fares in the wrong currency. The same
// seed writes the same files.
package main
