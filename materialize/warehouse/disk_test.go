package warehouse

import (
	"runtime"
	"testing"
)

func TestUsedPercent(t *testing.T) {
	for _, c := range []struct {
		disk Disk
		want int
	}{
		{Disk{}, 0},
		{Disk{Size: 100, Free: 100}, 0},
		{Disk{Size: 100, Used: 7, Free: 93}, 7},
		{Disk{Size: 1000, Used: 1, Free: 999}, 1}, // up: a disk is full before it says so
		{Disk{Size: 100, Used: 45, Free: 45}, 50}, // the rest is kept for the system
		{Disk{Size: 100, Used: 95, Free: 0}, 100},
		{Disk{Size: 8 << 60, Used: 1 << 50, Free: 8<<60 - 1<<50}, 1},
	} {
		if got := c.disk.UsedPercent(); got != c.want {
			t.Errorf("%+v: %d %%, want %d", c.disk, got, c.want)
		}
	}
}

func TestDiskOf(t *testing.T) {
	d, err := DiskOf(t.TempDir())
	switch {
	case runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "freebsd":
		if err == nil {
			t.Errorf("%+v: who measured that?", d)
		}
	case err != nil || d.Size == 0 || d.Used > d.Size || d.Used+d.Free > d.Size:
		t.Errorf("%+v %v", d, err)
	}
	if _, err := DiskOf(t.TempDir() + "/nowhere"); err == nil {
		t.Error("what is not there was measured")
	}
}
