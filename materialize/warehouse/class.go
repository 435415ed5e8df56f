package warehouse

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/seed-4311623e/assets/assets"
)

// ClassOf says what kind of error err is, which is not nil; and whether it is final: the same
// statement on the same input comes to the same error, whenever it is run.
func ClassOf(err error) (class assets.ErrorClass, final bool) {
	var known interface{ Class() assets.ErrorClass }
	var locked *LockedError
	var inUse *inUseError
	var exit *exec.ExitError
	var notFound *exec.Error
	var notStarted *fs.PathError
	switch {
	case errors.As(err, &known):
		return known.Class(), false
	case errors.Is(err, context.DeadlineExceeded):
		return assets.TimeoutError, false
	case errors.As(err, &locked), errors.As(err, &inUse):
		return assets.LockError, false
	case errors.As(err, &exit), errors.As(err, &notFound), errors.As(err, &notStarted) && notStarted.Op == "fork/exec":
		return assets.CommandError, false
	}
	var d *duckdb.Error
	if errors.As(err, &d) {
		return classOfDuckDB(d.Type, d.Msg)
	}
	// What passed through another database's client, or was kept as text.
	if m := errorPrefix.FindStringSubmatch(err.Error()); m != nil {
		return classOfDuckDB(prefixes[m[1]], err.Error())
	}
	if lockText.MatchString(err.Error()) {
		return assets.LockError, false
	}
	if isIO(err) {
		return assets.IOError, false
	}
	return assets.SQLError, false
}

// isIO reports whether err is one of files, the network or the system's resources.
func isIO(err error) bool {
	var path *fs.PathError
	var errno syscall.Errno
	var network net.Error
	return errors.As(err, &path) || errors.As(err, &errno) || errors.As(err, &network) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// lockText is how DuckDB, SQLite and Postgres say that somebody else has a lock.
var lockText = regexp.MustCompile(`(?i)could not set lock on file|database (table )?is locked|deadlock detected|could not obtain lock|lock timeout|write-write conflict|conflict on|transaction conflict|another transaction has`)

var prefixes = map[string]duckdb.ErrorType{
	"IO": duckdb.ErrorTypeIO, "HTTP": duckdb.ErrorTypeHTTP, "Connection": duckdb.ErrorTypeConnection,
	"Network": duckdb.ErrorTypeNetwork, "Out of Memory": duckdb.ErrorTypeOutOfMemory,
	"TransactionContext": duckdb.ErrorTypeTransaction, "INTERRUPT": duckdb.ErrorTypeInterrupt,
	"Binder": duckdb.ErrorTypeBinder, "Catalog": duckdb.ErrorTypeCatalog, "Parser": duckdb.ErrorTypeParser,
}

// errorPrefix is what DuckDB begins its messages with.
var errorPrefix = regexp.MustCompile(`\b(IO|HTTP|Connection|Network|Out of Memory|TransactionContext|INTERRUPT|Binder|Catalog|Parser) Error: `)

// finals are the types of errors that are about a statement, or about this installation,
// and not about what it finds.
var finals = []duckdb.ErrorType{
	duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypePlanner,
	duckdb.ErrorTypeNotImplemented, duckdb.ErrorTypeMismatchType, duckdb.ErrorTypeInvalidType,
	duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeParameterNotAllowed, duckdb.ErrorTypeMissingExtension,
	duckdb.ErrorTypeAutoLoad, duckdb.ErrorTypeSettings, duckdb.ErrorTypeInvalidConfiguration,
	// After these nothing can be done with the instance any more: see IsBroken.
	duckdb.ErrorTypeInternal, duckdb.ErrorTypeFatal,
}

func classOfDuckDB(kind duckdb.ErrorType, text string) (class assets.ErrorClass, final bool) {
	switch kind {
	case duckdb.ErrorTypeInterrupt:
		return assets.TimeoutError, false
	case duckdb.ErrorTypeIO, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeConnection, duckdb.ErrorTypeInvalid, duckdb.ErrorTypeUnknownType:
		// Of these alone: elsewhere the text may quote what stands in a row.
		if lockText.MatchString(text) {
			return assets.LockError, false
		}
	}
	switch kind {
	case duckdb.ErrorTypeIO, duckdb.ErrorTypeHTTP, duckdb.ErrorTypeConnection, duckdb.ErrorTypeNetwork, duckdb.ErrorTypeOutOfMemory, duckdb.ErrorTypePermission:
		return assets.IOError, false
	case duckdb.ErrorTypeTransaction:
		return assets.LockError, false
	}
	if strings.Contains(text, "No space left") {
		return assets.IOError, false
	}
	return assets.SQLError, slices.Contains(finals, kind)
}

// inUseError says that another process holds a database that is only read.
type inUseError struct{ text string }

func (e *inUseError) Error() string { return e.text }
