package config

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
)

// Options are what a project's files do not say.
type Options struct {
	// Vars are values of variables by name, as typed after -var. A value is taken
	// as it stands if the variable is a string, a number or a bool, or has no
	// type; else it is an expression. They win over VarFiles.
	Vars map[string]string
	// VarFiles are files of values, later ones winning; relative to the project.
	VarFiles []string
	// Environ is the environment as "K=V": ASSETS_VAR_x sets variables, env() reads it.
	Environ []string
	// Run runs the command of a secret, which may be called by several goroutines at
	// once; nil: none is run. Then what such a secret decides is left open.
	Run func(Command) (Output, error)
}

// Load reads the project in dir. It returns whatever it could understand even
// if diagnostics has errors; Files is then filled for showing source lines.
// Diagnostics are in order of file and position and show no secret.
func Load(dir string, o Options) (*assets.Project, hcl.Diagnostics) {
	root, err := filepath.Abs(dir)
	if err != nil {
		root = filepath.Clean(dir)
	}
	l := newLoader(root, o)
	l.load(o)
	p := l.project
	p.Files = l.store.text
	p.Unread = l.unread
	for s := range l.secrets {
		p.Secrets = append(p.Secrets, s)
	}
	// Longer ones first: one may hold another.
	slices.SortFunc(p.Secrets, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	p.Digest = digest(p)
	return p, tidy(l.diags, p.Secrets)
}

// loader is one reading of a project.
type loader struct {
	root      string
	store     *store
	environ   map[string]string
	files     []*file
	project   *assets.Project
	variables map[string]*variable
	locals    map[string]*local
	// declared are the secret blocks.
	declared map[string]*secret
	run      func(Command) (Output, error)
	// connections are where connection blocks stand, by name; those without mistakes
	// are the project's.
	connections map[string]hcl.Range
	// defaultContract is the project's, for assets that declare columns.
	defaultContract assets.Contract
	// defaultFailure is the project's; an asset's own blocks of a type replace those in it.
	defaultFailure assets.Failure

	functions func() map[string]function.Function
	varObject func() cty.Value
	unparsed  bool // a file has syntax errors: what seems undeclared may stand there

	scopesMu sync.Mutex
	scopes   map[string]*scope // by directory

	mu         sync.Mutex // guards what follows: blocks are read in parallel
	diags      hcl.Diagnostics
	secrets    map[string]bool
	pending    map[string]bool // secrets, unless nonsensitive() let them out
	references []reference
	unread     assets.Unread
}

func newLoader(root string, o Options) *loader {
	l := &loader{
		root:        root,
		store:       &store{root: root, text: map[string][]byte{}},
		environ:     environMap(o.Environ),
		variables:   map[string]*variable{},
		locals:      map[string]*local{},
		declared:    map[string]*secret{},
		run:         o.Run,
		connections: map[string]hcl.Range{},
		scopes:      map[string]*scope{},
		secrets:     map[string]bool{},
		pending:     map[string]bool{},
		unread:      assets.Unread{Names: map[assets.Name]bool{}},
		project: &assets.Project{
			Dir: root, Warehouse: filepath.Join(root, defaultWarehouse), Timezone: "UTC", Retention: assets.DefaultRetention(),
			Connections: map[string]*assets.Connection{}, Pools: map[string]*assets.Pool{},
			Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{}, Groups: map[string][]assets.Name{},
			SensitiveVariables: map[string]bool{},
		},
	}
	l.functions = sync.OnceValue(l.makeFunctions)
	l.varObject = sync.OnceValue(l.makeVarObject)
	return l
}

func (l *loader) report(diags ...*hcl.Diagnostic) {
	if len(diags) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.diags = append(l.diags, diags...)
}

// duplicate reports a thing declared twice, at both places.
func (l *loader) duplicate(what string, first, second hcl.Range) {
	l.report(
		problem(first, "Duplicate "+what, fmt.Sprintf("It is declared again at %s. Rename or remove one of them.", place(second))),
		problem(second, "Duplicate "+what, fmt.Sprintf("It is already declared at %s. Rename or remove one of them.", place(first))),
	)
}

// blocks returns the top-level blocks of one type, in the order written.
func (f *file) blocks(kind string) []*hclsyntax.Block {
	if f.body == nil {
		return nil
	}
	var found []*hclsyntax.Block
	for _, b := range f.body.Blocks {
		if b.Type == kind {
			found = append(found, b)
		}
	}
	return found
}

func (l *loader) load(o Options) {
	files, nested, diags := discover(l.store, ".hcl")
	l.files = files
	l.report(diags...)
	if diags.HasErrors() {
		return
	}
	if len(files) == 0 {
		l.report(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "There is no project here",
			Detail: fmt.Sprintf("No *.hcl file in %s. Run `assets init` to begin a project%s.", l.root, elsewhere(nested)),
		})
		return
	}
	for _, f := range files {
		l.report(f.diags...)
		l.unparsed = l.unparsed || f.diags.HasErrors()
		l.missFile(f)
		if f.body != nil {
			l.fits(f.body, topSchema, "a project file")
			for _, b := range f.body.Blocks {
				if !topSchema.knows(b.Type) && len(b.Labels) > 0 {
					l.missBlock(b) // a slip in the type of a source or asset
				}
			}
		}
	}
	l.loadVariables(o)
	l.declareSecrets()
	l.loadLocals()
	l.loadProject(nested)
	l.loadConnections()
	l.loadPools()
	l.loadBlocks()
	l.loadTests()
	l.loadNotify()
	l.checkReferences()
}

// elsewhere points to projects in subdirectories.
func elsewhere(nested []string) string {
	if len(nested) == 0 {
		return ""
	}
	return fmt.Sprintf(", or name one of its subdirectories that hold a project: -chdir=%s", strings.Join(nested, ", -chdir="))
}

// loadBlocks reads sources and assets in parallel and registers them in the
// order they are written, so that what is reported does not depend on timing.
func (l *loader) loadBlocks() {
	type job struct {
		f     *file
		b     *hclsyntax.Block
		group *group
	}
	var jobs []*job
	for _, f := range l.files {
		if f.body == nil {
			continue
		}
		for _, b := range f.body.Blocks {
			if b.Type == "source" || b.Type == "asset" {
				jobs = append(jobs, &job{f: f, b: b})
			}
		}
	}
	workers := runtime.GOMAXPROCS(0)
	var g errgroup.Group
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(jobs); i += workers {
				j := jobs[i]
				if s := l.scopeOf(j.f.dir); j.b.Type == "source" {
					j.group = l.readSource(s, j.b)
				} else {
					j.group = l.readAsset(s, j.b)
				}
			}
			return nil
		})
	}
	_ = g.Wait() // what goes wrong is reported as diagnostics

	seen := names{}
	for _, j := range jobs {
		l.registerGroup(seen, j.group)
	}
}
