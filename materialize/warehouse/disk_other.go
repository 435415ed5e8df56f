//go:build !(linux || darwin || freebsd)

package warehouse

import "errors"

// DiskOf cannot tell here.
func DiskOf(string) (Disk, error) {
	return Disk{}, errors.New("how full a disk is cannot be seen on this system")
}
