//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/examples/synthetic/project"
)

// All benchmarks run whole processes, from start to exit, as a user waits for
// them. Ratios are of medians of runs that took turns on the same machine:
//
//	go test -run='^$' -bench=. -benchtime=3x -timeout=60m ./examples/synthetic

// BenchmarkBuild1000 builds 900 assets with two checks each from nothing, the
// compile and the plan included, against the bare loop.
func BenchmarkBuild1000(b *testing.B) { benchmarkBuild(b, 1000) }

// BenchmarkBuild100 is the same for a small project.
func BenchmarkBuild100(b *testing.B) { benchmarkBuild(b, 100) }

func benchmarkBuild(b *testing.B, size int) {
	options := project.Options{Tables: size, Seed: 1}
	tables := project.Tables(options)
	command(b)
	var ours, bare, tuned []cost
	for b.Loop() {
		for _, run := range []struct {
			into *[]cost
			do   func(dir string) cost
		}{
			{&ours, func(dir string) cost { c, _ := assets(b, dir, "apply", "-auto-approve"); return c }},
			{&bare, func(dir string) cost { return measure(b, func() error { return bareLoop(dir, tables, "") }) }},
			{&tuned, func(dir string) cost { return measure(b, func() error { return bareLoop(dir, tables, likeOurs) }) }},
		} {
			dir, err := os.MkdirTemp("", "assets-build-")
			if err != nil {
				b.Fatal(err)
			}
			if err := project.Write(dir, options); err != nil {
				b.Fatal(err)
			}
			*run.into = append(*run.into, run.do(dir))
			if err := os.RemoveAll(dir); err != nil {
				b.Fatal(err)
			}
		}
	}
	reportRatios(b, ours, bare, tuned)
}

func reportRatios(b *testing.B, ours, bare, tuned []cost) {
	b.ReportMetric(0, "ns/op") // it would be the sum of unlike things
	b.ReportMetric(median(ours, wall), "ours-s")
	b.ReportMetric(median(ours, cpu), "ours-cpu-s")
	b.ReportMetric(median(ours, memory), "ours-MB")
	b.ReportMetric(median(bare, wall), "bare-s")
	b.ReportMetric(median(ours, wall)/median(bare, wall), "ratio")
	b.ReportMetric(median(ours, cpu)/median(bare, cpu), "cpu-ratio")
	if len(tuned) > 0 {
		b.ReportMetric(median(ours, wall)/median(tuned, wall), "ratio-same-storage")
	}
}

// inBuilt runs do over built projects of 1,000 and 5,000 tables, and reports
// what it cost.
func inBuilt(b *testing.B, do func(b *testing.B, dir string, tables []project.Table, i int) cost) {
	for _, size := range []int{1000, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			options := project.Options{Tables: size, Seed: 1}
			dir := b.TempDir()
			if err := project.Write(dir, options); err != nil {
				b.Fatal(err)
			}
			assets(b, dir, "apply", "-auto-approve")
			tables := project.Tables(options)
			var costs []cost
			for b.Loop() {
				costs = append(costs, do(b, dir, tables, len(costs)))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(costs, wall), "s")
			b.ReportMetric(median(costs, cpu), "cpu-s")
			b.ReportMetric(median(costs, memory), "MB")
		})
	}
}

// BenchmarkPlanUnchanged asks for a plan when there is nothing to do.
func BenchmarkPlanUnchanged(b *testing.B) {
	inBuilt(b, func(b *testing.B, dir string, _ []project.Table, _ int) cost {
		c, output := assets(b, dir, "plan")
		if !strings.Contains(output, "Nothing to do") {
			b.Fatalf("there is something to do:\n%s", tail(output))
		}
		return c
	})
}

// BenchmarkPlanOneEdit asks for a plan after one .sql file was edited; another
// one each time.
func BenchmarkPlanOneEdit(b *testing.B) {
	inBuilt(b, func(b *testing.B, dir string, tables []project.Table, i int) cost {
		table := tables[len(tables)/5+i]
		path := filepath.Join(dir, filepath.FromSlash(table.Path))
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
		write("select * replace (quantity + 1 as quantity) from (\n" + table.SQL + ")\n")
		c, output := assets(b, dir, "plan")
		if !strings.Contains(output, table.Name) {
			b.Fatalf("the plan does not mention %s:\n%s", table.Name, tail(output))
		}
		write(table.SQL)
		return c
	})
}

// BenchmarkValidateUnchanged validates with a warm cache.
func BenchmarkValidateUnchanged(b *testing.B) {
	inBuilt(b, func(b *testing.B, dir string, _ []project.Table, _ int) cost {
		c, _ := assets(b, dir, "validate")
		return c
	})
}

// BenchmarkColdCompile validates without the cache of compiled assets: every
// statement is parsed, bound and walked for its columns.
func BenchmarkColdCompile(b *testing.B) {
	inBuilt(b, func(b *testing.B, dir string, tables []project.Table, _ int) cost {
		if err := os.Remove(filepath.Join(dir, ".assets", "compile.cache")); err != nil {
			b.Fatal(err)
		}
		c, _ := assets(b, dir, "validate")
		b.ReportMetric(c.wall.Seconds()*1000/float64(len(tables)*9/10), "ms/asset")
		return c
	})
}

// BenchmarkVersion is the least the command can take.
func BenchmarkVersion(b *testing.B) {
	command(b)
	dir := b.TempDir()
	var costs []cost
	for b.Loop() {
		c, _ := assets(b, dir, "version")
		costs = append(costs, c)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(costs, wall)*1000, "ms")
}
