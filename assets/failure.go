package assets

import (
	"math"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Failure is what happens when an attempt to build an asset fails. It is no part of the
// asset's definition: another one builds nothing.
type Failure struct {
	Retry []Retry // of an error the first block counts that is about its class
	// Timeout is how long one attempt may take; 0: as long as it does.
	Timeout time.Duration
	// MaxRuntime is how long all attempts of one run and the pauses between them may
	// take together; 0: as long as they do.
	MaxRuntime time.Duration
	OnFailure  OnFailure
	Callbacks  []Callback
}

// InputRule is an input block of an asset: what becomes of it when that input cannot be built.
type InputRule struct {
	Name      Name
	OnFailure OnFailure // Block or UseLastGood
	Decl      hcl.Range
}

// Tolerates reports whether the asset is built with the last good version of an input
// that cannot be built. What its own block says of the input counts before what the
// input says of its readers.
func (a *Asset) Tolerates(input *Asset) bool {
	for _, rule := range a.Inputs {
		if rule.Name == input.Name {
			return rule.OnFailure == UseLastGood
		}
	}
	return input.Failure.OnFailure == UseLastGood
}

// ErrorClass is what kind of thing went wrong with an attempt to build an asset.
type ErrorClass string

const (
	LockError    ErrorClass = "lock"    // somebody else holds what was to be read or written
	IOError      ErrorClass = "io"      // a file, a disk, memory, a network or a server
	TimeoutError ErrorClass = "timeout" // the attempt took longer than it may
	CheckError   ErrorClass = "check"   // a check of severity error was violated
	SQLError     ErrorClass = "sql"     // DuckDB cannot run the SQL, or not on these rows
	CommandError ErrorClass = "command" // a command ended with an error
)

// ErrorClasses are all there are.
func ErrorClasses() []ErrorClass {
	return []ErrorClass{LockError, IOError, TimeoutError, CheckError, SQLError, CommandError}
}

// Passing reports whether an error of the class may pass by itself: with the same inputs
// and the same definition the next attempt may succeed.
func (c ErrorClass) Passing() bool {
	switch c {
	case LockError, IOError, TimeoutError, CommandError:
		return true
	}
	return false
}

// Retry is one retry block: how often, and after which pauses, what failed is attempted again.
type Retry struct {
	On          []ErrorClass // empty: those that may pass by themselves
	MaxAttempts int          // of one run, the first included; at least 1
	Delay       time.Duration
	Backoff     float64 // each pause is up to so many times as long as the one before; at least 1
	MaxDelay    time.Duration
	Decl        hcl.Range
}

// Covers reports whether the block is about errors of a class.
func (r Retry) Covers(class ErrorClass) bool {
	if len(r.On) == 0 {
		return class.Passing()
	}
	return slices.Contains(r.On, class)
}

// Ceiling is the longest pause after so many attempts that failed.
func (r Retry) Ceiling(attempts int) time.Duration {
	ceiling := float64(r.Delay) * math.Pow(r.Backoff, float64(max(attempts, 1)-1))
	if ceiling > float64(r.MaxDelay) { // also what has grown beyond all numbers
		return r.MaxDelay
	}
	return time.Duration(ceiling)
}

// RetryFor is the first of the blocks that is about errors of a class; nil: none is.
func RetryFor(blocks []Retry, class ErrorClass) *Retry {
	for i := range blocks {
		if blocks[i].Covers(class) {
			return &blocks[i]
		}
	}
	return nil
}

// OnFailure is what becomes of others when an asset cannot be built.
type OnFailure string

const (
	// Block leaves what reads the asset as it is. The empty OnFailure means this, too.
	Block OnFailure = "block"
	// UseLastGood builds what reads the asset with its last good version.
	UseLastGood OnFailure = "use_last_good"
	// StopRun lets the run begin nothing more.
	StopRun OnFailure = "stop_run"
)

// Callback is a command that is told how an asset came out.
type Callback struct {
	Command []string // the program and its arguments: no shell
	On      []CallbackEvent
	Timeout time.Duration
	Decl    hcl.Range
}

// CallbackEvent is what a callback is told of.
type CallbackEvent string

const (
	OnFailed    CallbackEvent = "failed"    // no attempt is left
	OnSucceeded CallbackEvent = "succeeded" // published, or found to be up to date by a build
	OnRetry     CallbackEvent = "retry"     // an attempt failed, and another follows
)
