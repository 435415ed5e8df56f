package warehouse

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

func newTestBinder(t *testing.T) *Binder {
	t.Helper()
	b, err := NewBinder(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func bindOne(t *testing.T, b *Binder, sql string) string {
	t.Helper()
	plans, err := b.Bind(context.Background(), []string{sql})
	if err != nil {
		t.Fatal(err)
	}
	return string(plans[0])
}

func TestBinderAnswersInOrder(t *testing.T) {
	ctx := context.Background()
	b := newTestBinder(t)
	statements := []string{"select 1 as one", "selec", "select 2 as two", "", "select 'it''s' as three -- end"}
	trees, err := b.Syntax(ctx, statements)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := b.Bind(ctx, statements)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`"one"`, `syntax error`, `"two"`, ``, `"three"`} {
		if !strings.Contains(string(trees[i]), want) || !strings.Contains(string(plans[i]), want) {
			t.Errorf("answer %d is not about %s:\n%s\n%s", i, want, trees[i], plans[i])
		}
	}
}

// Positions count bytes, and Prefix of them stand before the statement.
func TestBinderPositions(t *testing.T) {
	b := newTestBinder(t)
	name := assets.MustName("m.t")
	if err := b.Declare(context.Background(), map[assets.Name][]assets.Column{name: {{Name: "a", Type: "INTEGER"}}}); err != nil {
		t.Fatal(err)
	}
	const sql = "select 'é', nope from m.t"
	_, rest, _ := strings.Cut(bindOne(t, b, sql), `"position":"`)
	position, _, _ := strings.Cut(rest, `"`)
	if want := b.Prefix() + strings.Index(sql, "nope"); position != strconv.Itoa(want) {
		t.Errorf("position %s, want %d", position, want)
	}
}

// Nothing outside can be reached, and nothing is executed.
func TestBinderIsHermetic(t *testing.T) {
	ctx := context.Background()
	b := newTestBinder(t)
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"from '" + file + "'", "from read_csv('" + file + "')", "from read_text('" + file + "')", "from glob('/*')"} {
		if answer := bindOne(t, b, sql); !strings.Contains(answer, `"error":true`) {
			t.Errorf("%s binds: %s", sql, answer)
		}
		if _, err := b.Describe(ctx, sql); err == nil {
			t.Errorf("%s can be described", sql)
		}
	}
	bindOne(t, b, "select 1; create table left_behind (a int)")
	if answer := bindOne(t, b, "from left_behind"); !strings.Contains(answer, "left_behind does not exist") {
		t.Errorf("binding executed a statement: %s", answer)
	}
}

func TestDeclareReplaces(t *testing.T) {
	ctx := context.Background()
	b := newTestBinder(t)
	name := assets.MustName("m.t")
	for _, column := range []string{"old", "new", `odd "name"`} {
		if err := b.Declare(ctx, map[assets.Name][]assets.Column{name: {{Name: column, Type: "INTEGER"}}}); err != nil {
			t.Fatal(err)
		}
	}
	columns, err := b.Describe(ctx, "from m.t -- all of it")
	if err != nil || len(columns) != 1 || columns[0] != (assets.Column{Name: `odd "name"`, Type: "INTEGER"}) {
		t.Errorf("%v, %v", columns, err)
	}
	if err := b.Declare(ctx, map[assets.Name][]assets.Column{name: {{Name: "a", Type: "NO SUCH TYPE"}}}); err == nil {
		t.Error("a type that is none was accepted")
	}
	if err := b.Declare(ctx, nil); err != nil {
		t.Error(err)
	}
}

// An internal error invalidates the whole instance: the next question is
// answered by another one that knows the same tables.
func TestBinderStartsAgain(t *testing.T) {
	ctx := context.Background()
	b := newTestBinder(t)
	if err := b.Declare(ctx, map[assets.Name][]assets.Column{assets.MustName("m.t"): {{Name: "a", Type: "INTEGER"}}}); err != nil {
		t.Fatal(err)
	}
	b.db.Close()
	if answer := bindOne(t, b, "select a from m.t"); !strings.Contains(answer, `"error":false`) {
		t.Errorf("answer of the second instance: %s", answer)
	}
}

func TestBinderCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := newTestBinder(t)
	cancel()
	if _, err := b.Bind(ctx, []string{"select 1"}); err == nil {
		t.Error("a cancelled question was answered")
	}
}
