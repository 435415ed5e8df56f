package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	dir := flag.String("dir", "data", "`directory` to write to")
	seed := flag.Uint64("seed", 1, "seed of the random numbers")
	nights := flag.Int("nights", 3, "how many nights, the first being that of 2024-03-01")
	broken := flag.Int("broken", 0, "the `night` whose fares come in another currency; 0: none")
	flag.Parse()
	if err := write(*dir, *seed, *nights, *broken); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	drivers = 40
	trips   = 400 // a night
)

var first = time.Date(2024, 3, 1, 20, 0, 0, 0, time.UTC)

// write makes drivers.csv and a file of trips for each night.
func write(dir string, seed uint64, nights, broken int) error {
	if err := os.MkdirAll(filepath.Join(dir, "trips"), 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	if err := writeCSV(filepath.Join(dir, "drivers.csv"), []string{"driver_id", "name", "share"}, driverRows(r)); err != nil {
		return err
	}
	var late [][]string // of the night before
	for n := 1; n <= nights; n++ {
		// A night does not depend on how many are written.
		r := rand.New(rand.NewPCG(seed, uint64(100+n)))
		rows, tomorrow := night(r, n, n == broken)
		night := first.AddDate(0, 0, n-1).Format(time.DateOnly)
		if err := writeCSV(filepath.Join(dir, "trips", night+".csv"), header, append(rows, late...)); err != nil {
			return err
		}
		late = tomorrow
	}
	return nil
}

var header = []string{"trip_id", "driver_id", "picked_up_at", "dropped_off_at", "km", "fare", "currency"}

// night makes the trips of the n-th night, and those that are delivered only with
// the next.
func night(r *rand.Rand, n int, broken bool) (rows, late [][]string) {
	begin := first.AddDate(0, 0, n-1)
	for i := range trips {
		start := begin.Add(time.Duration(r.IntN(9*60*60)) * time.Second)
		km := 1 + r.ExpFloat64()*6
		took := time.Duration(float64(time.Minute) * (3 + km*(1.5+r.Float64())))
		fare := 3.5 + 1.8*km
		currency := "EUR"
		switch {
		case broken && r.IntN(4) == 0:
			fare, currency = fare*1.09, "USD" // a wrong price list on some phones
		case r.IntN(200) == 0:
			fare = -fare // a refund that is booked as a trip
		}
		row := []string{
			fmt.Sprintf("T%03d%05d", n, i+1), strconv.Itoa(1 + r.IntN(drivers)),
			start.Format("2006-01-02 15:04:05"), start.Add(took).Format("2006-01-02 15:04:05"),
			strconv.FormatFloat(km, 'f', 1, 64), strconv.FormatFloat(fare, 'f', 2, 64), currency,
		}
		if r.IntN(50) == 0 {
			late = append(late, row) // a phone without a network
			continue
		}
		rows = append(rows, row)
		if r.IntN(40) == 0 {
			rows = append(rows, row) // sent again, though it had arrived
		}
	}
	return rows, late
}

func driverRows(r *rand.Rand) (rows [][]string) {
	given := []string{"Ada", "Blaise", "Carl", "Dorothy", "Emmy", "Felix", "Grace", "Hedy"}
	family := []string{"Abel", "Bohr", "Curie", "Dirac", "Euler"}
	for id := 1; id <= drivers; id++ {
		name := given[(id-1)%len(given)] + " " + family[(id-1)/len(given)]
		rows = append(rows, []string{strconv.Itoa(id), name, strconv.FormatFloat(0.70+float64(r.IntN(3))*0.05, 'f', 2, 64)})
	}
	return rows
}

func writeCSV(path string, header []string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write(header)  // its error comes again
	_ = w.WriteAll(rows) // and so does this one
	if err := w.Error(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
