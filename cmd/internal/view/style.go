package view

import "github.com/seed-4311623e/assets/planner"

// Style emphasises text with ANSI colours. The zero Style leaves text as it is.
type Style struct{ colour bool }

// NewStyle returns a Style that uses colour if the receiver of the text shows it.
func NewStyle(colour bool) Style { return Style{colour} }

// Colour says whether s emphasises anything.
func (s Style) Colour() bool { return s.colour }

func (s Style) wrap(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold emphasises what a line is about.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim steps back behind the rest.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Red is for errors and for what removes data.
func (s Style) Red(text string) string { return s.wrap("31", text) }

// Green is for success and for what is new.
func (s Style) Green(text string) string { return s.wrap("32", text) }

// Yellow is for warnings and for what changes.
func (s Style) Yellow(text string) string { return s.wrap("33", text) }

// Cyan is for what is touched without a change.
func (s Style) Cyan(text string) string { return s.wrap("36", text) }

// symbol is the symbol of an action in its colour.
func (s Style) symbol(a planner.Action) string {
	text := a.Symbol()
	switch a {
	case planner.Create:
		return s.Green(text)
	case planner.Rebuild:
		return s.Yellow(text)
	case planner.Drop, planner.Blocked:
		return s.Red(text)
	case planner.Revalidate:
		return s.Cyan(text)
	case planner.Wait:
		return s.Dim(text)
	}
	return text
}
