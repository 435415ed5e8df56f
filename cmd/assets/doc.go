// Command assets keeps a warehouse of data as its project declares it: it plans
// what to build, builds and checks it, and publishes it in one go.
//
// Start in main.go and root.go; each subcommand has a file of its own, which
// parses flags, calls a session and hands the result to a view.
package main
