package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// readable is the width that text is wrapped to where nothing says how wide it may be.
const readable = 80

// ImpactText writes what a change would touch for people, in lines of at most
// width columns; 0: of what reads well.
func ImpactText(w io.Writer, doc ImpactJSON, style Style, width int) {
	width = cmp.Or(width, readable)
	what := doc.Name.String()
	if doc.Column != "" {
		what += "." + doc.Column
	}
	fmt.Fprintln(w, style.Bold(wrap(touches(what, doc), width)))
	if len(doc.Touched) > 0 {
		fmt.Fprintln(w)
		writeTouched(w, doc.Touched, style, width)
		fmt.Fprintln(w)
		writeOwners(w, doc, style)
	}
	if len(doc.Checks) > 0 {
		fmt.Fprintf(w, "\n%s at it:\n", map[bool]string{true: "A check looks", false: "Checks look"}[len(doc.Checks) == 1])
		t := table{}
		for _, c := range doc.Checks {
			t.add("  "+c.Asset.String(), c.Check)
		}
		t.body(w)
	}
	if len(doc.IfReordered) > 0 {
		fmt.Fprintf(w, "\n%s\n", wrap("Touched only if rows come to lie in another order: "+names(doc.IfReordered, ",")+".", width))
	}
	if len(doc.Untouched) > 0 {
		untouched := make([]string, len(doc.Untouched))
		for i, name := range doc.Untouched {
			untouched[i] = name.String()
			if slices.Contains(doc.Disabled, name) {
				untouched[i] += " (disabled)"
			}
		}
		are := " are"
		if len(untouched) == 1 {
			are = " is"
		}
		text := Count(len(untouched), "asset") + are + " not touched: " + strings.Join(untouched, ", ") + "."
		fmt.Fprintf(w, "\n%s\n", wrap(text, width))
	}
	if len(doc.Owners) > 0 {
		fmt.Fprintf(w, "\n%s\n", style.Bold(wrap(ownersLine(doc.Owners), width)))
	}
}

// touches says in a sentence how much a change touches.
func touches(what string, doc ImpactJSON) string {
	touched, all := len(doc.Touched), len(doc.Touched)+len(doc.IfReordered)+len(doc.Untouched)
	switch {
	case all == 0:
		return fmt.Sprintf("Nothing is made from %s.", doc.Name)
	case touched == 1 && all == 1:
		return fmt.Sprintf("A change of %s touches the only asset made from %s.", what, doc.Name)
	case touched == all:
		return fmt.Sprintf("A change of %s touches all %d assets made from %s.", what, all, doc.Name)
	case all == 1:
		return fmt.Sprintf("A change of %s does not touch the only asset made from %s.", what, doc.Name)
	case touched == 0:
		return fmt.Sprintf("A change of %s touches none of the %d assets made from %s.", what, all, doc.Name)
	}
	return fmt.Sprintf("A change of %s touches %d of the %d assets made from %s.", what, touched, all, doc.Name)
}

func writeTouched(w io.Writer, list []TouchedJSON, style Style, width int) {
	t := table{style: style, right: map[int]bool{1: true}}
	t.add("ASSET", "STEPS", "THROUGH", "WHAT MAY CHANGE")
	var left, through int
	for _, a := range list {
		left = max(left, len(a.Asset.String()))
		for _, name := range a.Through {
			through = max(through, len(name.String())+1)
		}
	}
	left += len("  STEPS  ")
	room := max(16, width-left-through-len("  "))
	for _, a := range list {
		ways := strings.Split(strings.ReplaceAll(names(a.Through, ","), ", ", ",\n"), "\n")
		changes := strings.Split(wrap(a.touched(), room), "\n")
		for i := range max(len(ways), len(changes)) {
			row := []string{"", "", lineAt(ways, i), lineAt(changes, i)}
			if i == 0 {
				row[0], row[1] = a.Asset.String(), fmt.Sprint(a.Steps)
			}
			t.add(row...)
		}
	}
	t.write(w)
}

func lineAt(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// touched says what of an asset may change: its rows, and values of which columns.
func (a TouchedJSON) touched() string {
	columns := strings.Join(a.Columns, ", ")
	if a.all {
		columns = "every column"
	}
	switch {
	case a.Rows && columns == "":
		return "rows and counts"
	case a.Rows:
		return "rows and counts; " + columns
	}
	return columns
}

// writeOwners lists what is touched by owner, with what each asset has promised.
func writeOwners(w io.Writer, doc ImpactJSON, style Style) {
	byName := map[assets.Name]TouchedJSON{}
	said := [2]bool{} // is there any freshness, any tag
	for _, a := range doc.Touched {
		byName[a.Asset] = a
		said[0], said[1] = said[0] || len(a.Freshness) > 0, said[1] || len(a.Tags) > 0
	}
	t := table{style: style}
	header := []string{"OWNER", "ASSET"}
	for i, word := range []string{"FRESHNESS", "TAGS"} {
		if said[i] {
			header = append(header, word)
		}
	}
	t.add(header...)
	for _, o := range doc.Owners {
		owner := cmp.Or(o.Owner, "nobody")
		for _, name := range o.Assets {
			a := byName[name]
			text := name.String()
			if a.Kind == assets.View {
				text += " (view)"
			}
			row := []string{owner, text}
			if said[0] {
				row = append(row, freshnessText(a.Freshness))
			}
			if said[1] {
				row = append(row, strings.Join(a.Tags, ", "))
			}
			t.add(row...)
			owner = ""
		}
	}
	t.write(w)
}

func freshnessText(policies []FreshnessJSON) string {
	parts := make([]string, len(policies))
	for i, f := range policies {
		parts[i] = "within " + lagText(f.MaxLagSeconds)
		if f.At != "" {
			parts[i] += " at " + f.At
		}
	}
	return strings.Join(parts, "; ")
}

// lagText writes seconds without the zeros that time.Duration ends with: "3h", "1h30m".
func lagText(seconds float64) string {
	text := (time.Duration(seconds * float64(time.Second))).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func ownersLine(owners []OwnerJSON) string {
	var parts []string
	named, unowned := 0, ""
	for _, o := range owners {
		if o.Owner == "" {
			unowned = Count(len(o.Assets), "asset") + " without an owner"
			continue
		}
		named++
		parts = append(parts, fmt.Sprintf("%s (%s)", o.Owner, Count(len(o.Assets), "asset")))
	}
	text := "No owner is declared"
	if named > 0 {
		text = Count(named, "owner") + ": " + strings.Join(parts, ", ")
	}
	if unowned != "" && named > 0 {
		text += "; " + unowned
	}
	return text + "."
}
