package unit

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The tests in the reference of the language pass.
func TestDocumentedTestsPass(t *testing.T) {
	text, err := os.ReadFile("../../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## test\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$").FindAllStringSubmatch(section, -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		p := load(t, map[string]string{
			"raw.orders":    "order_id BIGINT; customer_id BIGINT; order_date DATE; amount DOUBLE; status VARCHAR",
			"raw.customers": "customer_id BIGINT; country VARCHAR",
		}, block[1])
		for _, o := range p.run(t, 1) {
			if !o.Passed() {
				t.Errorf("%s: %s", o.Test.Name, describe(o))
			}
		}
	}
}
