package session

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Another process that ends a run is told how it ended, and nothing of a secret.
func TestHowARunEndedIsToldWithoutSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &Session{hold: &holding{}}
	s.Redactor = &Redactor{}
	s.Redactor.Add([]string{"hunter22hunter22"})
	server, err := holder.Serve(db, path, "apply", &s.hold.runs, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ctx, c := s.conduct(t.Context())
	c.event(materialize.Event{Type: materialize.RunStarted, Run: "01RUN"})
	go func() {
		<-ctx.Done()
		c.end(materialize.Result{}, errors.New("publish: no hunter22hunter22\n\nLINE 1: ...er22' as x\n        ^"))
	}()
	how, err := holder.Cancel(t.Context(), path, "01RUN", "ada")
	if err != nil || strings.Contains(how, "er22") || !strings.HasPrefix(how, "failed: publish: no (sensitive)") {
		t.Errorf("%q %v", how, err)
	}
}
