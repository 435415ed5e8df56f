package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Errors   int           `xml:"errors,attr"`
	Time     string        `xml:"time,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
	seconds  float64
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	File      string        `xml:"file,attr"`
	Line      int           `xml:"line,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

// inXML is a character, or what stands for one that XML does not have.
func inXML(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
		return utf8.RuneError
	}
	return r
}

// JUnit writes what came of the tests as JUnit's XML, which build servers read: a
// suite for each asset, in the order of their first tests. Times are in seconds.
func JUnit(w io.Writer, results TestResults, project string) error {
	seconds := func(s float64) string { return fmt.Sprintf("%.6f", s) }
	doc := junitSuites{Name: project, Tests: len(results.Outcomes), Failures: results.Failed(), Time: seconds(results.Took.Seconds())}
	suites := map[string]*junitSuite{}
	for _, o := range results.Outcomes {
		name := o.Test.Asset.String()
		suite := suites[name]
		if suite == nil {
			suite = &junitSuite{Name: name}
			suites[name] = suite
			doc.Suites = append(doc.Suites, suite)
		}
		c := junitCase{Name: o.Test.Name, Classname: name, File: o.Test.Decl.Filename, Line: o.Test.Decl.Start.Line, Time: seconds(o.Took.Seconds())}
		if !o.Passed() {
			var text strings.Builder
			testFailure(&text, o, Style{})
			message := o.Message
			if message == "" {
				message = diffSummary(o.Diff)
			}
			c.Failure = &junitFailure{Message: firstLine(message), Type: "failure", Text: "\n" + strings.Map(inXML, text.String())}
			suite.Failures++
		}
		suite.Tests++
		suite.seconds += o.Took.Seconds()
		suite.Time = seconds(suite.seconds)
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
