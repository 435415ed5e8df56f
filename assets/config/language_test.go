package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```(hcl|sql)\n(.*?)^```$")

// Each block of HCL in the reference is a project that has no mistakes, once it
// has a project block. A block of SQL is the file that its first line names.
func TestLanguageReference(t *testing.T) {
	text, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	var projects []string
	files := map[string]string{}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "hcl" {
			projects = append(projects, block[2])
			continue
		}
		first, rest, _ := strings.Cut(block[2], "\n")
		files[strings.TrimPrefix(first, "-- ")] = rest
	}
	if len(projects) < 10 || len(files) < 3 {
		t.Fatalf("%d projects and %d files of SQL", len(projects), len(files))
	}
	for _, project := range projects {
		dir := t.TempDir()
		if !strings.Contains(project, "project \"") {
			write(t, dir, "project.hcl", "project \"reference\" {}\n")
		}
		// Sources that an example speaks of without declaring them.
		for _, name := range []string{"raw.orders", "raw.customers"} {
			if strings.Contains(project, `"`+name+`"`) && !strings.Contains(project, `source "`+name+`"`) {
				write(t, dir, name+".hcl", "source \""+name+"\" { files = \"x.csv\" }\n")
			}
		}
		write(t, dir, "example.hcl", project)
		for name, text := range files {
			write(t, dir, name, text)
		}
		p, diags := Load(dir, Options{})
		for _, d := range diags {
			t.Errorf("%s\nin\n%s", show(d, p.Files), project)
		}
		if formatted := string(Format([]byte(project))); formatted != project {
			t.Errorf("as `assets fmt` has it:\n%s", formatted)
		}
	}
}

// The reference names every function, option of a reader, block and argument.
func TestLanguageReferenceIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	words := append(functionNames(), "csv", "parquet", "json")
	for _, s := range []schema{topSchema, projectSchema, lineageSchema, openLineageSchema, defaultsSchema, variableSchema, connectionSchema, sourceSchema, whenSchema, sourceFreshnessSchema, assetSchema, columnSchema, freshnessSchema, retrySchema, inputSchema, callbackSchema,
		testSchema, givenSchema, expectSchema, expectErrorSchema, expectCheckSchema, retentionSchema, telemetrySchema, otlpSchema, duckdbSchema, poolSchema, secretSchema, eventSchema} {
		words = append(append(words, s.args...), s.blocks...)
	}
	for _, options := range readerOptions {
		words = append(words, options...)
	}
	for kind, args := range checkArgs {
		words = append(append(words, string(kind)), args...)
	}
	for _, word := range append(words, commonCheckArgs...) {
		if !regexp.MustCompile("(`|## )" + regexp.QuoteMeta(word) + `\b`).Match(text) {
			t.Errorf("docs/language.md does not mention %s", word)
		}
	}
}
