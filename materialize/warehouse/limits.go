package warehouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Limits are how much of the machine an instance may use. What is zero is left to
// DuckDB: most of the memory, all cores, and of the disk what is free.
type Limits = assets.DuckDB

// Limit sets what an instance may use.
func (db *DB) Limit(ctx context.Context, l Limits) error {
	var settings []string
	set := func(name, value string) {
		if value != "" {
			settings = append(settings, "SET "+name+"="+Literal(value))
		}
	}
	set("memory_limit", l.MemoryLimit)
	set("temp_directory", l.TempDirectory)
	set("max_temp_directory_size", l.MaxTempDirectorySize)
	if db.threads = l.Threads; l.Threads > 0 {
		set("threads", strconv.Itoa(l.Threads))
	}
	if l.TempDirectory != "" {
		// DuckDB would find out in the middle of a statement.
		if info, err := os.Stat(l.TempDirectory); err == nil && !info.IsDir() {
			return fmt.Errorf("the temp_directory %s is not a directory. Name another one in the project's duckdb block, or move it away", l.TempDirectory)
		}
		// DuckDB makes the directory, when it needs it, but no parents. If they cannot be
		// made, what needs them fails: most statements do not.
		_ = os.MkdirAll(filepath.Dir(l.TempDirectory), 0o777)
	}
	if len(settings) == 0 {
		return nil
	}
	if err := db.Exec(ctx, strings.Join(settings, "; ")); err != nil {
		return fmt.Errorf("set what DuckDB may use, as in the project's duckdb block: %w", err)
	}
	return nil
}

// AllThreads lets a statement use as many threads as the instance may.
func (db *DB) AllThreads(ctx context.Context) error {
	if db.threads > 0 {
		return db.Exec(ctx, "SET threads="+strconv.Itoa(db.threads))
	}
	return db.Exec(ctx, "RESET threads")
}

// inBlock says where limits are set, in every LimitError.
const inBlock = "in the project's duckdb block"

// LimitError says which limit a statement went over, and what can be done.
type LimitError struct {
	Setting string // of the project's duckdb block
	Err     error  // DuckDB's
	hint    string
}

func (e *LimitError) Error() string {
	return strings.TrimRight(firstLine(e.Err.Error()), ".") + ". " + e.hint
}
func (e *LimitError) Unwrap() error { return e.Err }

// Limited makes an error of DuckDB that says that memory or disk to spill to ran out
// a *LimitError, and leaves any other as it is.
func Limited(err error) error {
	if err == nil {
		return nil
	}
	switch text := err.Error(); {
	case strings.Contains(text, inBlock): // said already, perhaps by an error that this one quotes
	case strings.Contains(text, "'max_temp_directory_size' setting"):
		return &LimitError{"max_temp_directory_size", err, "What does not fit into memory is more than max_temp_directory_size lets stand on disk, or, without that, " +
			"than 90 % of what was free: raise it or memory_limit in the project's duckdb block, or free disk space."}
	case strings.Contains(text, "Out of Memory Error"):
		return &LimitError{"memory_limit", err, "The statement needs more memory than memory_limit lets it have, and cannot put all of it on disk: " +
			"raise memory_limit in the project's duckdb block, lower threads or -parallelism, or put heavy assets into a pool."}
	case strings.Contains(text, "Failed to create directory"):
		return &LimitError{"temp_directory", err, "What does not fit into memory is put there: name another temp_directory in the project's duckdb block."}
	case strings.Contains(text, "duckdb_temp_") && IsDiskFull(err):
		return &LimitError{"temp_directory", err, "The disk of temp_directory is full: free some space, or name another one in the project's duckdb block."}
	}
	return err
}
