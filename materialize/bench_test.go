package materialize_test

import (
	"testing"

	synthetic "github.com/seed-4311623e/assets/examples/synthetic/project"
)

// BenchmarkBuild builds 1,000 small sources and assets from nothing. How that
// compares with a bare loop over the same SQL is measured in cmd/assets.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		if err := synthetic.Write(dir, synthetic.Options{Tables: 1000, Seed: 1}); err != nil {
			b.Fatal(err)
		}
		w := &world{tb: b, dir: dir, now: clock()}
		w.open()
		p := w.plan()
		b.StartTimer()
		w.carryOut(p)
		w.close()
	}
}
