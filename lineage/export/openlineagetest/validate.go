package openlineagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Spec is where the specification lies, relative to the repository's root.
const Spec = "../shared/data/openlineage/spec"

// A Validator knows the schema of each event and of each facet. It may be used by
// several goroutines.
type Validator struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	// keys holds, for each facet's schema, the key that the facet stands under.
	keys map[string]map[string]any
}

// New reads the specification, or skips the test where there is none.
func New(t testing.TB) *Validator {
	t.Helper()
	spec := filepath.Join(root(t), filepath.FromSlash(Spec))
	if _, err := os.Stat(filepath.Join(spec, "OpenLineage.json")); err != nil {
		t.Skipf("OpenLineage's specification is not at %s beside the repository: no event is validated", Spec)
	}
	v := &Validator{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, keys: map[string]map[string]any{}}
	v.compiler.AssertFormat()
	v.compiler.UseLoader(offline{})
	files, err := filepath.Glob(filepath.Join(spec, "facets", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(spec, "OpenLineage.json")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		schema := doc.(map[string]any)
		id := schema["$id"].(string)
		v.keys[id], _ = schema["properties"].(map[string]any)
		if err := v.compiler.AddResource(id, doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return v
}

// offline refuses to fetch a schema: an unknown address is a version that the
// specification does not have.
type offline struct{}

func (offline) Load(url string) (any, error) {
	return nil, fmt.Errorf("the specification has no %s", url)
}

// root is the repository's root, above the package under test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Event says what is wrong with an event: with itself, by the schema of all
// events and by the one it names, and with each facet, by the facet's own.
func (v *Validator) Event(line []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	event, ok := doc.(map[string]any)
	if !ok {
		return fmt.Errorf("an event is an object, not %s", line)
	}
	own, _ := event["schemaURL"].(string)
	base, _, _ := strings.Cut(own, "#")
	for _, url := range []string{base, own} {
		if err := v.matches(url, doc); err != nil {
			return err
		}
	}
	return v.facets("", doc)
}

func (v *Validator) facets(key string, doc any) error {
	switch doc := doc.(type) {
	case []any:
		for _, item := range doc {
			if err := v.facets(key, item); err != nil {
				return err
			}
		}
	case map[string]any:
		if url, ok := doc["_schemaURL"].(string); ok {
			base, _, _ := strings.Cut(url, "#")
			if _, known := v.keys[base][key]; !known {
				return fmt.Errorf("the facet %s does not stand under %q", path.Base(base), key)
			}
			if err := v.matches(url, doc); err != nil {
				return err
			}
			if err := v.matches(base, map[string]any{key: doc}); err != nil {
				return err
			}
		}
		for key, item := range doc {
			if err := v.facets(key, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *Validator) matches(url string, doc any) error {
	schema := v.schemas[url]
	if schema == nil {
		var err error
		if schema, err = v.compiler.Compile(url); err != nil {
			return err
		}
		v.schemas[url] = schema
	}
	if err := schema.Validate(doc); err != nil {
		text, _ := json.Marshal(doc)
		return fmt.Errorf("%w\nin %s", err, text)
	}
	return nil
}
