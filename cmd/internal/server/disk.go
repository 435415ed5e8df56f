package server

import (
	"os"
	"path/filepath"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

var (
	sizeDesc      = describe("assets_warehouse_size_bytes", "Size of the warehouse's file and its log.")
	diskSizeDesc  = describe("assets_disk_size_bytes", "Size of the file system that the warehouse is on.")
	diskAvailDesc = describe("assets_disk_available_bytes", "Space on that file system that the daemon may still use.")
)

// disk tells how large the warehouse at path is, and how large it may become. What is not there
// or cannot be found out is left out.
func (e emitter) disk(path string) {
	if file, err := os.Stat(path); err == nil {
		size := file.Size()
		if log, err := os.Stat(path + ".wal"); err == nil {
			size += log.Size()
		}
		e.gauge(sizeDesc, float64(size))
	}
	if disk, err := warehouse.DiskOf(filepath.Dir(path)); err == nil {
		e.gauge(diskSizeDesc, float64(disk.Size))
		e.gauge(diskAvailDesc, float64(disk.Free))
	}
}
