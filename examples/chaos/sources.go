//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Deliveries, as a careful supplier makes them.

// supplier writes what sources hold.
type supplier struct {
	dir  string // of the project
	web  *web
	db   *warehouse.DB
	made string // a directory for what is not delivered yet
}

func newSupplier(dir string, web *web) (*supplier, error) {
	db, err := warehouse.Memory(context.Background())
	if err != nil {
		return nil, err
	}
	made, err := os.MkdirTemp("", "chaos-supplier-")
	return &supplier{dir: dir, web: web, db: db, made: made}, err
}

func (s *supplier) close() error { return errors.Join(s.db.Close(), os.RemoveAll(s.made)) }

// fileOf is where a dimension is delivered; empty: not as a file.
func (s *supplier) fileOf(dimension string) string {
	switch {
	case dimension == orders:
		return filepath.Join(s.dir, "data", "orders.csv")
	case dimension == events:
		return filepath.Join(s.dir, "data", "events.parquet")
	case strings.HasPrefix(dimension, "part"):
		return filepath.Join(s.dir, "data", "parts", dimension+".csv")
	}
	return ""
}

// make is what a delivery consists of.
func (s *supplier) make(dimension string, g int) ([]byte, error) {
	format := "csv, HEADER"
	if dimension == events {
		format = "parquet"
	}
	file := filepath.Join(s.made, "delivery")
	if err := s.db.Exec(context.Background(), fmt.Sprintf("COPY (%s) TO %s (FORMAT %s)", content(dimension, g), warehouse.Literal(file), format)); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// deliver puts a generation into its place in one step.
func (s *supplier) deliver(dimension string, g int) error {
	if dimension == customers {
		return s.deliverTable(g)
	}
	text, err := s.make(dimension, g)
	if err != nil {
		return err
	}
	if dimension == rates {
		s.web.put(text, g)
		return nil
	}
	return replace(s.fileOf(dimension), text)
}

func (s *supplier) crm() string { return filepath.Join(s.dir, "data", "crm.duckdb") }

// deliverTable replaces the table of the other database, once nobody reads it.
func (s *supplier) deliverTable(g int) error {
	end, err := s.hold("CREATE OR REPLACE TABLE crm.customers AS " + content(customers, g))
	if err != nil {
		return err
	}
	return end()
}

// hold runs statements on the other database, and has it open for writing until it is ended.
func (s *supplier) hold(statements string) (end func() error, err error) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err = s.db.Exec(context.Background(), "ATTACH "+warehouse.Literal(s.crm())+" AS crm (TYPE duckdb)")
		if err == nil {
			break
		}
		if !isHeld(err) || time.Now().After(deadline) {
			return nil, err
		}
	}
	detach := func() error { return s.db.Exec(context.Background(), "DETACH crm") }
	if err := s.db.Exec(context.Background(), statements); err != nil {
		return nil, errors.Join(err, detach())
	}
	return detach, nil
}

// replace writes a file in one step.
func replace(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", text, 0o644); err != nil {
		return errors.Join(err, os.Remove(path+".part"))
	}
	return os.Rename(path+".part", path)
}
