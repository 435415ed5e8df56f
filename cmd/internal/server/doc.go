// Package server is the HTTP side of a daemon: health, metrics for Prometheus, and an
// API that answers with the documents that the command prints with -json.
//
// It knows nothing of how a daemon works. It asks a [Daemon] for a [Snapshot], shows
// that, and hands on what arrives; [Server.Observe] is told of what happens in runs.
// Start with [Listen], so that an address that cannot be had is known before anything
// else begins, then [New] and [Server.Serve].
//
// Who may ask is decided in guard.go: loopback only, or a [Token].
package server
