package export

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// The page is written as what it is, and embedded: data of the program, read when
// it is compiled.
var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/trace.js
	traceJS string
	//go:embed page/place.js
	placeJS string
	//go:embed page/cards.js
	cardsJS string
	//go:embed page/panel.js
	panelJS string
	//go:embed page/search.js
	searchJS string
	//go:embed page/move.js
	moveJS string
)

// pageData is what the page shows. Its own script is the only reader.
type pageData struct {
	Nodes []pageNode `json:"nodes"`
	Edges []pageEdge `json:"edges"`
	// Layers hold indices of nodes from top to bottom; those beyond are bends.
	Layers [][]int `json:"layers"`
}

type pageNode struct {
	Name        assets.Name  `json:"name"`
	Kind        string       `json:"kind"`
	Owner       string       `json:"owner,omitempty"`
	Description string       `json:"description,omitempty"`
	Tags        []string     `json:"tags,omitempty"`
	Unbound     string       `json:"unbound,omitempty"`
	Columns     []pageColumn `json:"columns"`
	RowsFrom    []Origin     `json:"rows_from"`
}

type pageColumn struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	From        []Origin `json:"from"`
}

type pageEdge struct {
	From  int   `json:"from"`
	To    int   `json:"to"`
	Bends []int `json:"bends"`
}

// HTML writes g as one page that needs nothing else: no network, no server. Its
// policy lets only its own style and script run, whatever a description says.
func HTML(w io.Writer, g Graph) error {
	data, err := json.Marshal(newPageData(g)) // escapes <, so that no text ends the script element
	if err != nil {
		return fmt.Errorf("write lineage as a page: %w", err)
	}
	script := traceJS + placeJS + cardsJS + panelJS + searchJS + moveJS
	_, err = strings.NewReplacer(
		"{{policy}}", fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'", hash(script), hash(pageCSS)),
		"{{title}}", html.EscapeString(g.title()),
		"{{style}}", pageCSS,
		"{{data}}", string(data),
		"{{script}}", script,
	).WriteString(w, pageHTML)
	return err
}

// hash names a text in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func newPageData(g Graph) pageData {
	l := newLayering(g)
	data := pageData{Nodes: []pageNode{}, Edges: []pageEdge{}, Layers: l.layers}
	if data.Layers == nil {
		data.Layers = [][]int{}
	}
	from, rows := map[port][]Origin{}, map[assets.Name][]Origin{}
	for _, c := range g.Columns {
		from[port{c.Asset, c.Column}], rows[c.Asset] = c.From, c.RowsFrom
	}
	for _, n := range g.Nodes {
		node := pageNode{
			Name: n.Name, Kind: n.Kind, Owner: n.Owner, Description: n.Description, Tags: n.Tags, Unbound: n.Unbound,
			Columns: []pageColumn{}, RowsFrom: append([]Origin{}, rows[n.Name]...),
		}
		for _, c := range n.Columns {
			node.Columns = append(node.Columns, pageColumn{c.Name, c.Type, n.Notes[c.Name], append([]Origin{}, from[port{n.Name, c.Name}]...)})
		}
		data.Nodes = append(data.Nodes, node)
	}
	for _, e := range l.edges {
		data.Edges = append(data.Edges, pageEdge{e.from, e.to, append([]int{}, e.bends...)})
	}
	return data
}
