package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func TestRunsFitTheTerminal(t *testing.T) {
	going := []RunningJSON{{Run: "01M8HSMTH8J9KRVMFXK3GD4C1T", Status: "running", Began: noon, Done: 1, Total: 3}}
	runs := []warehouse.Run{{ID: "01M8HSGQV16WEFQ24HCPT8E5N0", Status: warehouse.Succeeded, Began: noon.Add(-time.Hour), Ended: noon.Add(-time.Hour), Built: 7, Failed: 1, Skipped: 5}}
	for width, want := range map[int]string{
		0: "RUN                         BEGAN     STATUS       TOOK   BUILT  UNCHANGED  FAILED  SKIPPED  DROPPED\n" +
			"01M8HSMTH8J9KRVMFXK3GD4C1T  just now  running    0.00 s  1 of 3\n" +
			"01M8HSGQV16WEFQ24HCPT8E5N0  1h ago    succeeded  0.00 s       7          0       1        5        0\n",
		80: "RUN                         BEGAN     STATUS       TOOK   BUILT  FAILED  SKIPPED\n" +
			"01M8HSMTH8J9KRVMFXK3GD4C1T  just now  running    0.00 s  1 of 3\n" +
			"01M8HSGQV16WEFQ24HCPT8E5N0  1h ago    succeeded  0.00 s       7       1        5\n",
	} {
		var b bytes.Buffer
		RunsText(&b, going, runs, noon, Style{}, width)
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("on %d columns:\n%s", width, diff)
		}
		for line := range strings.Lines(b.String()) {
			if width > 0 && len(line) > width+1 {
				t.Errorf("on %d columns: %q", width, line)
			}
		}
	}
}
