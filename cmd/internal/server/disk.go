package server

import (
	"os"
	"path/filepath"
)

var (
	sizeDesc      = describe("assets_warehouse_size_bytes", "Size of the warehouse's file and its log.")
	diskSizeDesc  = describe("assets_disk_size_bytes", "Size of the file system that the warehouse is on.")
	diskAvailDesc = describe("assets_disk_available_bytes", "Space on that file system that the daemon may still use.")
)

// disk tells how large the warehouse is, and how large it may become. What is not there
// or cannot be found out is left out.
func (e emitter) disk(warehouse string) {
	if file, err := os.Stat(warehouse); err == nil {
		size := file.Size()
		if log, err := os.Stat(warehouse + ".wal"); err == nil {
			size += log.Size()
		}
		e.gauge(sizeDesc, float64(size))
	}
	if size, available, ok := diskOf(filepath.Dir(warehouse)); ok {
		e.gauge(diskSizeDesc, float64(size))
		e.gauge(diskAvailDesc, float64(available))
	}
}
