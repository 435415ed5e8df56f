package materialize_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A reader that looks all the time sees each run whole or not at all.
func TestReadersNeverSeeHalfARun(t *testing.T) {
	files := map[string]string{"data/g.csv": "g\n0\n", "p.hcl": "source \"raw.g\" {\n  files = \"data/g.csv\"\n}\n"}
	var all []string
	for i := range 12 {
		from := "raw.g"
		if i >= 4 {
			from = fmt.Sprintf("t%d", i-4)
		}
		all = append(all, fmt.Sprintf("SELECT max(g)::VARCHAR FROM t%d", i))
		files["p.hcl"] += fmt.Sprintf("asset \"t%d\" {\n  sql = \"select g, %d as i from %s\"\n  check \"expression\" { expression = \"g %% 10 <> 7\" }\n}\n", i, i, from)
	}
	w := testWorld(t, files)
	w.apply()
	stop, seen, wrong := make(chan bool), map[string]bool{}, []string{}
	var reader sync.WaitGroup
	reader.Add(1)
	go func() {
		defer reader.Done()
		c, err := w.db.Conn(ctx)
		if err != nil {
			wrong = append(wrong, err.Error())
			return
		}
		defer c.Close()
		if err := c.Exec(ctx, "USE _wh"); err != nil {
			wrong = append(wrong, err.Error())
		}
		for {
			select {
			case <-stop:
				return
			default:
			}
			rows, err := c.Query(ctx, strings.Join(all, " UNION ALL "))
			if err != nil {
				wrong = append(wrong, err.Error())
				return
			}
			generations := map[string]bool{}
			for rows.Next() {
				var g string
				rows.Scan(&g)
				generations[g], seen[g] = true, true
			}
			rows.Close()
			if len(generations) != 1 {
				wrong = append(wrong, fmt.Sprint("two generations at once: ", generations))
			}
		}
	}()
	for g := 1; g <= 50; g++ {
		w.csv("data/g.csv", "g", fmt.Sprint(g))
		result := w.apply()
		if failed := g%10 == 7; failed != (result.Failed > 0) {
			t.Errorf("generation %d: %d failed", g, result.Failed)
		}
	}
	close(stop)
	reader.Wait()
	if len(wrong) > 0 {
		t.Errorf("the reader saw %d things it must not see, first: %s", len(wrong), wrong[0])
	}
	if len(seen) < 5 {
		t.Errorf("the reader saw %d generations only: it did not look while runs were published", len(seen))
	}
	for g := range seen {
		if strings.HasSuffix(g, "7") {
			t.Errorf("the reader saw generation %s, which fails its check", g)
		}
	}
}
