package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// serveFiles is a web server: `fileserver URLFILE DIR`. As long as a file DIR/down is
// there it answers 503, as long as DIR/hang is there not at all. It ends when killed.
func serveFiles() {
	listener := announced("")
	files := http.FileServer(http.Dir(os.Args[2]))
	is := func(what string) bool {
		_, err := os.Stat(filepath.Join(os.Args[2], what))
		return err == nil
	}
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case is("hang"):
			<-r.Context().Done()
		case is("down"):
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Header.Get("Authorization") != "Bearer "+os.Getenv("TOKEN"):
			w.WriteHeader(http.StatusForbidden)
		default:
			files.ServeHTTP(w, r)
		}
	})))
}

// announced listens on loopback and writes its address, with a path, to the file that the
// first argument names.
func announced(path string) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		// In one piece: a reader must not see half an address.
		err = warehouse.ReplaceFile(os.Args[1], []byte("http://"+listener.Addr().String()+path))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}
