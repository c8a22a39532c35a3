// Command benchcompare compares the benchmarks of the working tree with those of
// another revision and fails if one has become worse beyond noise.
//
//	go run ./internal/tools/benchcompare [-base REF] [-bench REGEXP] [-count N] [PACKAGE …]
//
// Figures of another day or machine say nothing, so both are built and run in
// turns, N times. Benchstat judges: worse is what differs significantly (p < 0.05)
// and by more than -limit percent.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

const benchstat = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

type options struct {
	base, bench, time string
	count             int
	limit             float64
	packages          []string
}

func main() {
	var o options
	flag.StringVar(&o.base, "base", "main", "the `revision` to compare with")
	flag.StringVar(&o.bench, "bench", "Classify/", "benchmarks, as of go test -bench")
	flag.StringVar(&o.time, "benchtime", "200ms", "time a benchmark and run, as of go test -benchtime")
	flag.IntVar(&o.count, "count", 10, "runs of each; benchstat finds nothing in fewer than 4")
	flag.Float64Var(&o.limit, "limit", 2, "percent by which a benchmark may be worse")
	flag.Parse()
	if o.packages = flag.Args(); len(o.packages) == 0 {
		o.packages = []string{"."}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "benchcompare:", err)
		os.Exit(1)
	}
}

// compare builds, runs and judges.
func compare(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "benchcompare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	here, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	top, base := strings.TrimSpace(string(here)), filepath.Join(dir, "base")
	if _, err := output(ctx, top, "git", "worktree", "add", "--detach", base, o.base); err != nil {
		return err
	}
	defer func() {
		_, failed := output(context.Background(), top, "git", "worktree", "remove", "--force", base)
		err = errors.Join(err, failed)
	}()
	sides := []struct {
		tree, name string
		figures    bytes.Buffer
	}{{tree: base, name: "base.txt"}, {tree: top, name: "tree.txt"}}
	for i := range sides {
		for k, p := range o.packages {
			if _, err := output(ctx, sides[i].tree, "go", "test", "-c", "-o", filepath.Join(dir, fmt.Sprint(i, "-", k, ".test")), p); err != nil {
				return err
			}
		}
	}
	for run := range o.count {
		fmt.Fprintf(os.Stderr, "run %d of %d\n", run+1, o.count)
		for k, p := range o.packages {
			for turn := range sides {
				i := (turn + run) % len(sides) // who comes first changes
				out, err := output(ctx, filepath.Join(sides[i].tree, p), filepath.Join(dir, fmt.Sprint(i, "-", k, ".test")),
					"-test.run=^$", "-test.cpu=1", "-test.bench="+o.bench, "-test.benchtime="+o.time)
				if err != nil {
					return err
				}
				sides[i].figures.Write(out)
			}
		}
	}
	for i := range sides {
		if err := os.WriteFile(filepath.Join(dir, sides[i].name), sides[i].figures.Bytes(), 0o644); err != nil {
			return err
		}
	}
	table, err := output(ctx, dir, "go", "run", benchstat, sides[0].name, sides[1].name)
	if err != nil {
		return err
	}
	fmt.Print(string(table))
	figures, err := output(ctx, dir, "go", "run", benchstat, "-format", "csv", sides[0].name, sides[1].name)
	if err != nil {
		return err
	}
	worse, judged, err := judge(bytes.NewReader(figures), o.limit)
	switch {
	case err != nil:
		return err
	case judged == 0:
		return fmt.Errorf("no benchmark matches %q in both %s and the working tree", o.bench, o.base)
	case len(worse) > 0:
		return fmt.Errorf("worse than %s by more than %v %%:\n%s", o.base, o.limit, strings.Join(worse, "\n"))
	}
	return nil
}

// output runs a command in a folder and returns what it prints; its errors are
// part of the error.
func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.Bytes(), diagnostics.Bytes())
	}
	return out.Bytes(), nil
}

// judge reads benchstat's tables as CSV: rows of a benchmark, its value and
// confidence interval before and after, the difference and its p. It returns what
// is worse by more than limit percent, and how many values it has compared.
func judge(r io.Reader, limit float64) (worse []string, judged int, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	unit := ""
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return worse, judged, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("output of benchstat: %w", err)
		}
		if len(row) < 7 {
			continue
		}
		if row[0] == "" {
			if row[5] == "vs base" {
				unit = row[1]
			}
			continue
		}
		if row[0] == "geomean" || row[5] == "" {
			continue
		}
		judged++
		if row[5] == "~" {
			continue
		}
		change, err := strconv.ParseFloat(strings.TrimSuffix(row[5], "%"), 64)
		if err != nil {
			return nil, 0, fmt.Errorf("output of benchstat: %s: a difference of %q, expected percent", row[0], row[5])
		}
		if strings.HasSuffix(unit, "/s") { // the more the better
			change = -change
		}
		if change > limit {
			worse = append(worse, fmt.Sprintf("  %s: %s %s (%s)", row[0], row[5], unit, row[6]))
		}
	}
}
