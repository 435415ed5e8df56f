package planfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func TestReadReturnsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := files().Draw(t, "file")
		var b bytes.Buffer
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
		got, err := Read(iotest.OneByteReader(&b))
		if err != nil {
			t.Fatal(err)
		}
		f.FormatVersion = FormatVersion
		if diff := cmp.Diff(f, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheSamePlanGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := files().Draw(t, "file")
		if a, b := written(f), written(f); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

func TestReadRefuses(t *testing.T) {
	good := written(File{Plan: planner.Plan{Steps: []planner.Step{{Key: planner.Key{Asset: assets.MustName("a.b")}, Action: planner.Create}}}})
	header, body, _ := strings.Cut(good, "\n")
	signed := func(body string) string { return fmt.Sprintf("assets-plan 1 %s\n%s", checksum([]byte(body)), body) }
	for _, c := range []struct {
		name, file string
		is         error
		says       string
	}{
		{"an empty file", "", ErrForeign, "assets plan -out"},
		{"a file of another program", "PK\x03\x04 terraform", ErrForeign, "not a plan file"},
		{"JSON of plan -json", `{"format_version": "1.0"}`, ErrForeign, "not a plan file"},
		{"a name that only begins alike", "assets-planner 1 x\n", ErrForeign, "not a plan file"},
		{"the header alone, cut", header[:20], ErrDamaged, "first line"},
		{"a header without fields", "assets-plan \n", ErrDamaged, "incomplete"},
		{"a header without checksum", "assets-plan 1\n" + body, ErrDamaged, "no checksum"},
		{"a header with a strange format", "assets-plan x sha256:00\n" + body, ErrDamaged, "names no format"},
		{"a truncated file", good[:len(good)-9], ErrDamaged, "checksum"},
		{"one changed byte", strings.Replace(good, "create", "crEate", 1), ErrDamaged, "checksum"},
		{"something appended", good + "\n", ErrDamaged, "checksum"},
		{"an action nobody knows", signed(strings.Replace(body, "create", "explode", 1)), ErrDamaged, "explode"},
		{"a step of no asset", signed(`{"plan":{"steps":[{"action":"create"}]}}`), ErrDamaged, "names no asset"},
		{"a step of no action", signed(`{"plan":{"steps":[{"asset":"a"}]}}`), ErrDamaged, "names no action"},
		{"no JSON", signed("hello"), ErrDamaged, "invalid character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.file))
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.is, c.says)
			}
		})
	}
	t.Run("a newer format, whatever it looks like", func(t *testing.T) {
		_, err := Read(strings.NewReader("assets-plan 2 zstd blake3:… \n\x00\x01"))
		var newer *NewerError
		if !errors.As(err, &newer) || newer.Format != 2 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a disk that fails", func(t *testing.T) {
		broken := errors.New("input/output error")
		if _, err := Read(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, ErrForeign) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSupplyAsksForSensitiveValuesAgain(t *testing.T) {
	f := File{
		Vars:      map[string]string{"since": "2024-01-01"},
		Sensitive: map[string]assets.Digest{"token": VarDigest("token", "s3cret")},
	}
	for _, c := range []struct {
		name  string
		given map[string]string
		says  string // empty: fine
	}{
		{"the same", map[string]string{"token": "s3cret"}, ""},
		{"the same, and one the file has", map[string]string{"token": "s3cret", "since": "2024-01-01"}, ""},
		{"none", nil, "-var token=…"},
		{"another", map[string]string{"token": "other"}, "another value"},
		{"a contradiction", map[string]string{"token": "s3cret", "since": "2025-01-01"}, "-var since"},
		{"one more", map[string]string{"token": "s3cret", "new": "1"}, "-var new"},
	} {
		vars, err := f.Supply(c.given)
		switch {
		case c.says == "" && (err != nil || vars["token"] != "s3cret" || vars["since"] != "2024-01-01"):
			t.Errorf("%s: got %v, %v", c.name, vars, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: got %v", c.name, err)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: the error tells the secret", c.name)
		}
	}
	if text := written(f); strings.Contains(text, "s3cret") {
		t.Error("the file holds the secret")
	}
}

// Whatever the bytes, Read answers, and what it accepts it can write again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(written(File{})))
	f.Add([]byte(written(File{Version: "1", Vars: map[string]string{"a": "b"}, Plan: planner.Plan{
		At:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Steps: []planner.Step{{Key: planner.Key{Asset: assets.MustName("a.b")}, Action: planner.Drop}},
	}})))
	f.Add([]byte("assets-plan 9 x\n"))
	f.Add([]byte("assets-plan \n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(file File, err error) {
			if err != nil {
				return
			}
			got, err := Read(strings.NewReader(written(file)))
			if err != nil {
				t.Fatalf("cannot read again: %v", err)
			}
			file.FormatVersion = FormatVersion
			if diff := cmp.Diff(file, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		}
		check(Read(bytes.NewReader(data)))
		_, body, _ := bytes.Cut(data, []byte("\n"))
		check(decode(body)) // a checksum would stop nearly everything
	})
}

func written(f File) string {
	var b strings.Builder
	if err := Write(&b, f); err != nil {
		panic(err)
	}
	return b.String()
}

func files() *rapid.Generator[File] {
	name := rapid.Custom(func(t *rapid.T) assets.Name {
		return assets.MustName(rapid.StringMatching(`[a-z_][a-z0-9_]{0,5}(\.[a-z_][a-z0-9_]{0,5})?`).Draw(t, "name"))
	})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
	})
	digest := rapid.Custom(func(t *rapid.T) assets.Digest { return assets.Digest(rapid.String().Draw(t, "digest")) })
	reason := rapid.Custom(func(t *rapid.T) planner.Reason {
		r := planner.Reason{
			Code:    rapid.SampledFrom([]planner.Code{planner.Missing, planner.InputChanged, planner.Drifted}).Draw(t, "code"),
			Message: rapid.String().Draw(t, "message"), Columns: rapid.SliceOf(rapid.String()).Draw(t, "columns"),
		}
		if rapid.Bool().Draw(t, "has input") {
			n := name.Draw(t, "input")
			r.Input = &n
		}
		return r
	})
	step := rapid.Custom(func(t *rapid.T) planner.Step {
		return planner.Step{
			Key: planner.Key{Asset: name.Draw(t, "asset"), Interval: assets.Interval{Start: moment.Draw(t, "start"), End: moment.Draw(t, "end")}},
			Action: rapid.SampledFrom([]planner.Action{planner.None, planner.Create, planner.Rebuild, planner.Drop,
				planner.Revalidate, planner.Wait, planner.Blocked}).Draw(t, "action"),
			Reasons: rapid.SliceOfN(reason, 0, 3).Draw(t, "reasons"), ConditionalOn: rapid.SliceOfN(name, 0, 3).Draw(t, "if"),
			BehindSince: moment.Draw(t, "behind"), Due: moment.Draw(t, "due"), StartBy: moment.Draw(t, "start by"),
			Estimate: time.Duration(rapid.Int64().Draw(t, "estimate")),
		}
	})
	broken := rapid.Custom(func(t *rapid.T) planner.ContractChange {
		return planner.ContractChange{
			Asset: name.Draw(t, "broken asset"), Column: rapid.String().Draw(t, "column"), Was: rapid.String().Draw(t, "was"), Is: rapid.String().Draw(t, "is"),
			Kind: rapid.SampledFrom([]planner.Breaking{planner.Gone, planner.Retyped, planner.Nullable}).Draw(t, "kind"),
			Readers: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) planner.ContractReader {
				return planner.ContractReader{Asset: name.Draw(t, "reader"), Owner: rapid.String().Draw(t, "owner")}
			}), 0, 3).Draw(t, "readers"),
		}
	})
	return rapid.Custom(func(t *rapid.T) File {
		return File{
			Version: rapid.String().Draw(t, "version"),
			Plan: planner.Plan{
				At: moment.Draw(t, "at"),
				Basis: planner.Basis{
					Project: digest.Draw(t, "project"), Found: digest.Draw(t, "found"), Serial: rapid.String().Draw(t, "serial"),
					Sources: rapid.MapOfN(name, digest, 0, 3).Draw(t, "sources"),
				},
				Steps:   rapid.SliceOfN(step, 0, 5).Draw(t, "steps"),
				Broken:  rapid.SliceOfN(broken, 0, 2).Draw(t, "broken"),
				Outside: rapid.SliceOfN(name, 0, 3).Draw(t, "outside"), NextWake: moment.Draw(t, "wake"),
			},
			Options: planner.Options{
				Targets: rapid.SliceOfN(name, 0, 3).Draw(t, "targets"), Replace: rapid.SliceOfN(name, 0, 3).Draw(t, "replace"),
				Destroy: rapid.Bool().Draw(t, "destroy"),
			},
			Vars:      rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "vars"),
			VarFiles:  rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "files"),
			Sensitive: rapid.MapOfN(rapid.String(), digest, 0, 3).Draw(t, "sensitive"),
		}
	})
}
