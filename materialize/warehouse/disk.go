package warehouse

// Disk is the room that the file system has which something lies on, in bytes.
type Disk struct {
	Size uint64
	Used uint64
	// Free is what may still be written. It is less than what is not used, where a part
	// is kept for the system.
	Free uint64
}

// UsedPercent is how much is used of what everybody may use, rounded up: as df shows it.
func (d Disk) UsedPercent() int {
	all := d.Used + d.Free
	if all == 0 { // such as /proc
		return 0
	}
	return int((d.Used*100 + all - 1) / all)
}
