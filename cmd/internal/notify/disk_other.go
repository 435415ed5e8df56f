//go:build !(linux || darwin || freebsd)

package notify

import "errors"

// DiskUsed is not known here.
func DiskUsed(string) (percent int, err error) {
	return 0, errors.New("how full a disk is cannot be seen on this system")
}
