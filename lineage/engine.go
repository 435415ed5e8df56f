package lineage

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/valyala/fastjson"
)

// EngineError is an error that DuckDB reports inside its JSON answers.
type EngineError struct {
	Type       string // "parser", "binder", "catalog", "not implemented" …
	Subtype    string // such as COLUMN_NOT_FOUND; often empty
	Message    string
	Name       string   // what was not found
	Candidates []string // what DuckDB suggests instead
	Offset     int      // byte in the text given to DuckDB, -1 if unknown
}

func (e *EngineError) Error() string { return e.Message }

// EngineErrorIn returns the error that an answer of DuckDB holds, an
// *EngineError, or nil if the answer is a result.
func EngineErrorIn(answer []byte) error {
	if bytes.HasPrefix(answer, []byte(`{"error":false`)) {
		return nil
	}
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, answer)
	if err != nil {
		return fmt.Errorf("read DuckDB's answer: %w", err)
	}
	return engineError(root)
}

func engineError(root *fastjson.Value) error {
	if !root.GetBool("error") {
		return nil
	}
	e := &EngineError{
		Type: text(root, "error_type"), Subtype: text(root, "error_subtype"),
		Message: text(root, "error_message"), Name: text(root, "name"), Offset: -1,
	}
	if position, err := strconv.Atoi(text(root, "position")); err == nil {
		e.Offset = position
	}
	if candidates := text(root, "candidates"); candidates != "" {
		e.Candidates = strings.Split(candidates, ",")
	}
	return e
}
