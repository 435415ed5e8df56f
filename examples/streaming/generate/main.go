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
	first := flag.String("first", "2026-03-24", "the `day` on which the first night begins")
	nights := flag.Int("nights", 7, "how many nights")
	broken := flag.String("broken", "", "the `hour` whose file is in milliseconds, as 2026-03-26/03; default: none")
	flag.Parse()
	day, err := time.Parse(time.DateOnly, *first)
	if err == nil {
		err = write(*dir, *seed, day, *nights, *broken)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A night has a file for each of its hours, by the collector's clock, which is UTC.
const (
	begins = 22
	hours  = 6
	users  = 300
	views  = 24 // an hour
)

// title is one of the catalogue; nights differ in what is watched.
type title struct {
	name    string
	minutes int
}

var catalogue = []title{
	{"Low Tide", 50}, {"The Ferry", 97}, {"Night Bus", 44}, {"Salt and Iron", 112}, {"A Small Kingdom", 58}, {"Northern Line", 31},
	{"The Cartographer", 124}, {"Harbour Lights", 49}, {"Two Winters", 103}, {"Paper Boats", 26}, {"The Understudy", 88}, {"Quiet Hours", 55},
}

// write makes titles.csv and a file of views for each hour of each night. A night's
// files do not depend on how many nights are written.
func write(dir string, seed uint64, first time.Time, nights int, broken string) error {
	rows := [][]string{{"title_id", "title", "minutes"}}
	for i, t := range catalogue {
		rows = append(rows, []string{strconv.Itoa(i + 1), t.name, strconv.Itoa(t.minutes)})
	}
	if err := writeCSV(filepath.Join(dir, "titles.csv"), rows); err != nil {
		return err
	}
	for n := range nights {
		night := first.AddDate(0, 0, n)
		r := rand.New(rand.NewPCG(seed, uint64(night.Unix())))
		liked := r.Perm(len(catalogue))
		for h := range hours {
			start := night.Add(time.Duration(begins+h) * time.Hour)
			name := night.Format(time.DateOnly) + "/" + start.Format("15")
			if err := writeCSV(filepath.Join(dir, "views", name+".csv"), hour(r, start, liked, name == broken)); err != nil {
				return err
			}
		}
	}
	return nil
}

// hour makes the views that began within an hour. The first of liked are watched most.
func hour(r *rand.Rand, start time.Time, liked []int, broken bool) [][]string {
	rows := [][]string{{"view_id", "user_id", "title_id", "country", "device", "started_at", "seconds"}}
	for i := range views {
		id := liked[min(int(r.ExpFloat64()*3), len(liked)-1)]
		longest := catalogue[id].minutes * 60
		seconds := 30 + r.IntN(longest-30)
		if r.IntN(150) == 0 {
			seconds += 12 * 60 * 60 // a player that never stopped
		}
		if broken {
			seconds *= 1000
		}
		user := 1 + r.IntN(users)
		row := []string{
			fmt.Sprintf("V%s%03d", start.Format("0102T15"), i+1), strconv.Itoa(user), strconv.Itoa(id + 1),
			[]string{"GB", "FR", "DE"}[user%3], []string{"tv", "phone", "tablet"}[r.IntN(3)],
			start.Add(time.Duration(r.IntN(3600)) * time.Second).Format(time.DateTime), strconv.Itoa(seconds),
		}
		rows = append(rows, row)
		if r.IntN(30) == 0 {
			rows = append(rows, row) // sent again
		}
	}
	return rows
}

func writeCSV(path string, rows [][]string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	if err := w.WriteAll(rows); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
