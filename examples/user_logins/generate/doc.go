// Generate writes the data of the user_logins example: users and logins as three
// countries would deliver them, each with its own columns, encoding, delimiter,
// dates and mistakes. The same seed writes the same bytes.
//
//	go run ./examples/user_logins/generate -dir examples/user_logins/data
//	go run ./examples/user_logins/generate -dir examples/user_logins/data -countries de
package main
