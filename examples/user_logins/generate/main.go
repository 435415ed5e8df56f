package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	dir := flag.String("dir", "data", "`directory` to write to; each country gets a folder of its own")
	seed := flag.Uint64("seed", 1, "seed of the random numbers")
	codes := flag.String("countries", "uk,fr", "countries to write, separated by commas: uk, fr, de")
	flag.Parse()
	for _, code := range strings.Split(*codes, ",") {
		c, ok := countries[code]
		if !ok {
			fmt.Fprintf(os.Stderr, "No country %q here: uk, fr and de are known.\n", code)
			os.Exit(2)
		}
		if err := write(*dir, c, *seed); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// months are the deliveries of logins.
var months = []time.Time{month(1), month(2), month(3)}

func month(m time.Month) time.Time { return time.Date(2024, m, 1, 0, 0, 0, 0, time.UTC) }

// write makes one country's folder: users.csv and a file of logins for each month.
func write(dir string, c country, seed uint64) error {
	dir = filepath.Join(dir, c.code)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, uint64(c.users)))
	if err := writeCSV(filepath.Join(dir, "users.csv"), c, c.usersHeader, users(r, c)); err != nil {
		return err
	}
	for _, m := range months {
		name := fmt.Sprintf("logins_%s.csv", m.Format("2006-01"))
		if err := writeCSV(filepath.Join(dir, name), c, c.loginsHeader, logins(r, c, m)); err != nil {
			return err
		}
	}
	return nil
}

// users makes a country's users, with the mistakes that people and systems make:
// addresses that are none, days that no calendar has, spaces and capitals where
// they do not belong, and some users delivered twice, changed in between.
func users(r *rand.Rand, c country) [][]string {
	var rows [][]string
	opened := month(1).AddDate(-2, 0, 0)
	for id := 1; id <= c.users; id++ {
		signedUp := opened.AddDate(0, 0, r.IntN(730))
		u := user{
			id: 1000 + id, first: one(r, c.first), last: one(r, c.last),
			born:       month(1).AddDate(-18-r.IntN(60), 0, -r.IntN(365)).Format(c.date),
			signedUp:   signedUp.Format(c.date),
			modified:   signedUp.Add(time.Duration(r.IntN(24*60)) * time.Minute).Format(c.minute),
			newsletter: r.IntN(3) == 0,
		}
		u.email = address(u, one(r, c.mail))
		switch r.IntN(60) {
		case 0:
			u.email = ""
		case 1:
			u.email = strings.Replace(u.email, "@", " at ", 1)
		case 2:
			u.born = strings.Replace(c.date, "2006", "1985", 1)
			u.born = strings.NewReplacer("01", "02", "02", "30").Replace(u.born) // 30 February
		case 3, 4, 5:
			u.email = strings.ToUpper(u.email)
		case 6, 7:
			u.first, u.email = " "+u.first, u.email+" "
		}
		rows = append(rows, c.userRow(u))
		if r.IntN(25) == 0 {
			u.last = one(r, c.last)
			u.modified = month(1).AddDate(0, 0, r.IntN(80)).Format(c.minute)
			u.newsletter = !u.newsletter
			rows = append(rows, c.userRow(u))
		}
	}
	return rows
}

// logins makes a month of logins in order of time; some are of users nobody delivered.
func logins(r *rand.Rand, c country, m time.Time) [][]string {
	var rows [][]string
	for at := m; ; {
		at = at.Add(time.Duration(1+r.IntN(90)) * time.Minute)
		if at.Month() != m.Month() {
			return rows
		}
		id := 1001 + r.IntN(c.users)
		if r.IntN(150) == 0 {
			id += 5000
		}
		device := c.desktop
		switch r.IntN(5) {
		case 0, 1:
			device = c.phone
		case 2:
			device = c.tablet
		}
		if r.IntN(10) == 0 {
			device = strings.ToUpper(device) + " "
		}
		rows = append(rows, c.loginRow(login{
			user: itoa(id), at: at.Format(c.minute), device: device, succeeded: r.IntN(15) != 0,
			ip: fmt.Sprintf("192.0.2.%d", r.IntN(256)), // addresses set aside for examples
		}))
	}
}

// address spells a mail address with the letters such addresses have; the id keeps it unique.
func address(u user, domain string) string {
	plain := strings.NewReplacer("é", "e", "è", "e", "ë", "e", "ï", "i", "î", "i", "ö", "oe", "ü", "ue", "ä", "ae", "ß", "ss", "ç", "c",
		"ô", "o", "â", "a", "ş", "s", "ı", "i", "'", "").Replace(strings.ToLower(u.first + "." + u.last))
	return fmt.Sprintf("%s%d@%s", plain, u.id, domain)
}

func writeCSV(path string, c country, header string, rows [][]string) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Comma = c.delimiter
	if err := w.Write(strings.Split(header, "|")); err != nil {
		return err
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	content := text.Bytes()
	if c.latin1 {
		content = latin1(text.String())
	}
	return os.WriteFile(path, content, 0o644)
}

// latin1 encodes text as ISO-8859-1, whose bytes are the first 256 code points.
func latin1(text string) []byte {
	var encoded []byte
	for _, char := range text {
		if char > 255 {
			char = '?'
		}
		encoded = append(encoded, byte(char))
	}
	return encoded
}

func one(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func itoa(i int) string { return strconv.Itoa(i) }
