package export

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// browse opens a page in Chromium, with a fragment behind its address, and returns
// what became of it. A script, if any, runs in a copy of the page that allows it.
func browse(t *testing.T, page, fragment, script string) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium in PATH to open a page: ", err)
	}
	if script != "" {
		page = regexp.MustCompile(`script-src '[^']*'`).ReplaceAllString(page, "script-src 'unsafe-inline'")
		page = strings.Replace(page, "</body>", "<pre id=result></pre><script type=module>const result = document.getElementById('result');"+script+"</script></body>", 1)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "lineage.html")
	if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1600,1000", "--enable-logging=stderr",
		"--virtual-time-budget=5000", "--dump-dom", (&url.URL{Scheme: "file", Path: path}).String()+fragment)
	var messages strings.Builder
	c.Stderr = &messages
	dom, err := c.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, messages.String())
	}
	for line := range strings.Lines(messages.String()) {
		if strings.Contains(line, ":CONSOLE:") {
			t.Error("the page complains: ", line)
		}
	}
	return string(dom)
}

// result is what a script of the test wrote.
func result(t *testing.T, dom string) string {
	t.Helper()
	_, rest, found := strings.Cut(dom, `<pre id="result">`)
	text, _, end := strings.Cut(rest, "</pre>")
	if !found || !end {
		t.Fatal("the script wrote nothing: ", dom)
	}
	return html.UnescapeString(text)
}

// shopPage is the page of shop.
func shopPage(t *testing.T) string {
	p, g := shop()
	return write(t, HTML, Of(p, g, nil, true))
}

// lit is a script that lists the lit columns, cards and lines.
const lit = `
const label = (e) => (e.closest('.card').querySelector('.head').firstChild.data + ' ' + (e.lastChild?.data ?? '')).trim();
const names = (selector) => [...document.querySelectorAll(selector)].map(label).sort().join(', ');
const report = () => 'values: ' + names('.column.value') + '\nrows: ' + names('.column.rows') +
  '\nlines: ' + document.querySelectorAll('#lit path:not(.rows)').length + ' and ' + document.querySelectorAll('#lit path.rows').length;
`

// A click on a column lights its way: values, and what decides about rows.
func TestPageTracesAColumn(t *testing.T) {
	got := result(t, browse(t, shopPage(t), "", lit+`
const column = [...document.querySelectorAll('.column')].find((e) => label(e) === 'staging.orders amount');
column.click();
setTimeout(() => {
  result.textContent = report() + '\npanel: ' + document.getElementById('panel').innerText.replace(/\s+/g, ' ');
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  setTimeout(() => { result.textContent += '\nthen: ' + document.querySelectorAll('.card.value, .card .value, #lit path').length + document.getElementById('panel').hidden; }, 100);
}, 100);`))
	want := `values: mart.sales total, raw.orders amount, raw.orders state, staging.orders amount
rows: 
lines: 3 and 1
panel: × amount DECIMAL(12,2), column of the table staging.orders Its values come from or go to 3 other columns, near and far. ` +
		`Computed from raw.orders.amount transformed raw.orders.state as a condition, as in CASE WHEN ` +
		`Begins in raw.orders.amount raw.orders.state Which rows there are depends on raw.orders.state in a filter ` +
		`Feeds mart.sales.total aggregated
then: 0true`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is chosen stands in the address: no script of the test is needed, and the
// page's own policy holds.
func TestPageOpensWhatTheAddressNames(t *testing.T) {
	dom := browse(t, shopPage(t), "#staging.orders/id", "")
	for _, want := range []string{
		`<small>BIGINT</small>id</button>`,
		`class="column value chosen"`,
		`class="card view rows"`, // its rows depend on the id
		`<p>The order</p>`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	dom = browse(t, shopPage(t), "#mart.lost", "")
	if !strings.Contains(dom, "<p>It reads raw.lost, of which no file was ever seen.</p>") {
		t.Error("the panel does not say why there are no columns")
	}
	if dom = browse(t, shopPage(t), "#no.such/%thing", ""); strings.Contains(dom, `class="tracing"`) {
		t.Error("something is lit that does not exist")
	}
}

func TestPageTracesAnAsset(t *testing.T) {
	got := result(t, browse(t, shopPage(t), "#raw.orders", lit+`
setTimeout(() => { result.textContent = names('.card.value .head') + '\n' + document.querySelectorAll('#lit path').length; }, 100);`))
	if want := "mart.sales, raw.orders, staging.orders\n3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The stage follows the pointer, zooms around it, and moves with the keyboard. A
// drag that begins on a card does not choose it.
func TestPageMoves(t *testing.T) {
	got := result(t, browse(t, shopPage(t), "", `
Element.prototype.setPointerCapture = () => {}; // there is no pointer
const stage = document.getElementById('stage'), world = document.getElementById('world');
const place = () => world.style.transform.match(/-?[\d.]+/g).map(Number);
const [x, y, scale] = place();
const pointer = (type, on, clientX, clientY) => on.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX, clientY, button: 0 }));
pointer('pointerdown', document.querySelector('.head'), 300, 300);
pointer('pointermove', stage, 302, 300); // trembling
const still = place()[0] === x;
pointer('pointermove', stage, 340, 310);
pointer('pointerup', stage, 340, 310);
pointer('pointermove', stage, 400, 400); // not held any more
const dragged = place();
stage.dispatchEvent(new WheelEvent('wheel', { deltaY: -100, clientX: 0, clientY: stage.getBoundingClientRect().top, cancelable: true }));
const zoomed = place();
stage.focus();
stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
const pushed = place();
document.dispatchEvent(new KeyboardEvent('keydown', { key: '0' }));
result.textContent = [still, dragged[0] - x, dragged[1] - y, zoomed[2] > scale, Math.abs(zoomed[0] / dragged[0] - zoomed[2] / scale) < 0.001,
  pushed[0] - zoomed[0], place().join() === [x, y, scale].join(), location.hash].join(' ');`))
	if want := "true 40 10 true true 60 true "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Texts of a project are texts, whatever they look like.
func TestPageShowsTextAsText(t *testing.T) {
	p, g := shop()
	const evil = `</script><img src=x onerror="document.title='gone'"><script>document.title='gone'</script>`
	name := assets.MustName("staging.orders")
	p.Assets[name].Description, p.Assets[name].Owner, p.Assets[name].Tags = evil, evil, []string{evil}
	g.Nodes[name].Columns[0].Name, g.Nodes[name].Bound.Outputs[0].Name = evil, evil
	dom := browse(t, write(t, HTML, Of(p, g, nil, true)), "#staging.orders", "")
	if strings.Contains(dom, "<img") || !strings.Contains(dom, "<title>Lineage of shop</title>") {
		t.Error("a description became part of the page")
	}
	if n := strings.Count(dom, "&lt;img"); n < 4 {
		t.Errorf("the text is shown %d times, want description, owner, tag and column", n)
	}
}

// A page of 1,000 assets is there, found in and opened within a moment.
func TestPageOfThousandAssets(t *testing.T) {
	if testing.Short() {
		t.Skip("opens a large page; left out with -short")
	}
	var g Graph
	g.Columns = []Column{}
	for i := range 1000 {
		n := Node{Name: assets.Name{Schema: "s", Table: fmt.Sprintf("t%03d", i)}, Kind: "table"}
		for c := range 10 {
			n.Columns = append(n.Columns, assets.Column{Name: fmt.Sprintf("c%d", c), Type: "BIGINT"})
			column := Column{Asset: n.Name, Column: fmt.Sprintf("c%d", c)}
			for _, j := range []int{i - 70, i - 83, i - 200} {
				if j >= 0 {
					column.From = append(column.From, Origin{g.Nodes[j].Name, column.Column, "IDENTITY"})
					if c == 0 {
						g.Edges = append(g.Edges, Edge{g.Nodes[j].Name, n.Name})
					}
				}
			}
			g.Columns = append(g.Columns, column)
		}
		g.Nodes = append(g.Nodes, n)
	}
	got := result(t, browse(t, write(t, HTML, g), "", `
const loaded = performance.now();
const search = document.getElementById('search');
document.dispatchEvent(new KeyboardEvent('keydown', { key: '/' }));
search.value = 't777.c3';
search.dispatchEvent(new Event('input'));
const hits = [...document.querySelectorAll('#found button')].map((e) => e.textContent);
document.querySelector('#found button').click();
const found = performance.now();
setTimeout(() => {
  document.getElementById('columns').click();
  const chosen = document.querySelector('.chosen').getBoundingClientRect();
  result.textContent = [document.activeElement.id, hits, document.querySelectorAll('.card').length, document.querySelectorAll('.column').length > 5000,
    chosen.x > 0 && chosen.right < innerWidth, Math.round(loaded), Math.round(found - loaded), Math.round(performance.now() - found)].join(' ');
}, 0);`))
	t.Log("focus, hits, cards, opened, in sight, ms to load, to search, to open all and trace: ", got)
	if !strings.HasPrefix(got, "search s.t777.c3 1000 true true ") {
		t.Errorf("got %q", got)
	}
}
