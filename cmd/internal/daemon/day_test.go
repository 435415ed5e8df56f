//go:build linux

package daemon

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize"
)

var (
	dayHours  = flag.Int("day", 0, "for how many hours of its own time TestADayOfLoad keeps a project (24: a few minutes of ours)")
	dayAssets = flag.Int("day-assets", 300, "how many assets that has")
)

const (
	assetsOfASource = 15
	arriveEvery     = 3 * time.Minute
)

// dayProject has trees of assets, fanning out from a source of their own.
func dayProject() (text string, sources int) {
	var b strings.Builder
	b.WriteString("project \"day\" {}\n")
	sources = max(1, *dayAssets/assetsOfASource)
	for s := range sources {
		fmt.Fprintf(&b, "source \"raw.s%d\" {\n  files = \"s%d.csv\"\n  poll = \"30m\"\n}\n", s, s)
		for a := range assetsOfASource {
			from := fmt.Sprintf("raw.s%d", s)
			if a > 0 {
				from = fmt.Sprintf("c%d.a%d", s, a/2)
			}
			if a == 1 {
				from = fmt.Sprintf("c%d.a0", s)
			}
			fmt.Fprintf(&b, "asset \"c%d.a%d\" {\n  sql = \"select id, n + %d as n from %s\"\n  check \"not_null\" { columns = [\"id\"] }\n}\n", s, a, a, from)
		}
	}
	return b.String(), sources
}

// load is what a daemon takes at some moment.
type load struct {
	heap, resident, file int64 // bytes
	goroutines, files    int
	built                int
}

func loadOf(dir string, built int) (l load) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	l.heap, l.goroutines, l.built = int64(m.HeapAlloc), runtime.NumGoroutine(), built
	status, _ := os.ReadFile("/proc/self/status")
	if _, after, ok := strings.Cut(string(status), "VmRSS:"); ok {
		fmt.Sscan(after, &l.resident)
		l.resident <<= 10
	}
	open, _ := os.ReadDir("/proc/self/fd")
	l.files = len(open)
	if info, err := os.Stat(filepath.Join(dir, "warehouse.duckdb")); err == nil {
		l.file = info.Size()
	}
	return l
}

// A daemon that has work every few minutes for a day takes no more at its end than in
// its first hours: memory, goroutines, open files, and the warehouse on the disk.
//
//	go test ./cmd/internal/daemon -run=TestADayOfLoad -day=24 -timeout=60m -v
func TestADayOfLoad(t *testing.T) {
	if *dayHours == 0 {
		t.Skip("takes minutes; give -day=24")
	}
	dir := t.TempDir()
	text, sources := dayProject()
	write := func(path, text string, at time.Time) {
		path = filepath.Join(dir, path)
		if err := os.WriteFile(path+".part", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+".part", at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".part", path); err != nil {
			t.Fatal(err)
		}
	}
	delivery := func(n int) string {
		rows := []string{"id,n"}
		for i := range 100 {
			rows = append(rows, fmt.Sprintf("%d,%d", i, i*n))
		}
		return strings.Join(rows, "\n") + "\n"
	}
	var hours []load
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(weekBegins)) // in the bubble: nobody waits
		write("project.hcl", text, time.Now())
		for s := range sources {
			write(fmt.Sprintf("s%d.csv", s), delivery(0), time.Now())
		}
		built := 0
		o := session.Options{Dir: dir, Now: unwavering{}.Now, Parallelism: 2, Log: zerolog.Nop(), Emit: func(e materialize.Event) {
			if e.Type == materialize.RunFinished {
				built += e.Result.Built
			}
		}}
		keeper := session.NewKeeper(o)
		d := New(Options{Keeper: Keep(keeper), Dir: dir, Clock: unwavering{}, Log: zerolog.Nop(), Poll: true})
		stop, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(stop, stop) }()
		time.Sleep(time.Minute)
		for hour := range *dayHours {
			for n := range int(time.Hour / arriveEvery) {
				time.Sleep(arriveEvery)
				s := (hour*7 + n) % sources
				write(fmt.Sprintf("s%d.csv", s), delivery(hour*100+n+1), time.Now())
				d.Look(assets.MustName(fmt.Sprintf("raw.s%d", s)))
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			hours = append(hours, loadOf(dir, built))
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := keeper.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%d assets, %d sources, %d hours in %v", sources*assetsOfASource, sources, *dayHours, time.Since(began).Round(time.Second))
	for hour, l := range hours {
		t.Logf("after %2d h: built %5d, heap %6.1f MB, resident %6.1f MB, %d goroutines, %d open files, warehouse %6.1f MB",
			hour+1, l.built, float64(l.heap)/1e6, float64(l.resident)/1e6, l.goroutines, l.files, float64(l.file)/1e6)
	}
	early, late := hours[len(hours)/4], hours[len(hours)-1]
	if want := sources*assetsOfASource + *dayHours*int(time.Hour/arriveEvery)*assetsOfASource; late.built < want*9/10 {
		t.Errorf("built %d assets, not %d", late.built, want)
	}
	if late.goroutines > early.goroutines+2 || late.files > early.files+2 {
		t.Errorf("goroutines or open files pile up: %+v, later %+v", early, late)
	}
	if late.heap > early.heap*3/2+20e6 || late.resident > early.resident*3/2+50e6 {
		t.Errorf("memory grows: %+v, later %+v", early, late)
	}
	if late.file > early.file*3 {
		t.Errorf("the warehouse grows: %+v, later %+v", early, late)
	}
}
