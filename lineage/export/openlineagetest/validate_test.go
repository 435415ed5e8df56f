package openlineagetest

import (
	"strings"
	"testing"
)

const event = `{"eventType":"START","eventTime":"2026-01-02T03:04:05Z","producer":"https://example.com","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
"run":{"runId":"01890a5d-ac96-7ab2-80e4-4b2f2f1c3d4e","facets":{"errorMessage":{"_producer":"https://example.com",
"_schemaURL":"https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet","message":"m","programmingLanguage":"SQL"}}},"job":{"namespace":"n","name":"j"}}`

// A validator that lets everything pass would prove nothing.
func TestMistakesAreFound(t *testing.T) {
	v := New(t)
	if err := v.Event([]byte(event)); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{"START", "BEGIN", "value must be one of"},
		{`"runId":"01890a5d-ac96-7ab2-80e4-4b2f2f1c3d4e"`, `"runId":"1"`, "uuid"},
		{"2026-01-02T03:04:05Z", "yesterday", "date-time"},
		{`"name":"j"`, `"nom":"j"`, "missing property 'name'"},
		{`"message":"m"`, `"messages":"m"`, "missing property 'message'"},
		{`"errorMessage":`, `"error":`, `does not stand under "error"`},
		{"facets/1-0-1/Error", "facets/1-0-0/Error", ""},
		{"spec/2-0-2", "spec/9-9-9", "has no https://openlineage.io/spec/9-9-9"},
	} {
		if !strings.Contains(event, c[0]) {
			t.Fatalf("no %s", c[0])
		}
		if err := v.Event([]byte(strings.Replace(event, c[0], c[1], 1))); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s → %s: %v", c[0], c[1], err)
		}
	}
}
