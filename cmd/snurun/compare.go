//go:build !board

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

func newCompare() *cobra.Command {
	var asJSON, single bool
	cmd := &cobra.Command{
		Use:   "compare MODEL...",
		Short: "Set trained models beside each other: choices, accuracy, spikes, time",
		Long: `compare prints a row a model that 'snurun train' wrote: in which choices it differs
from the others, its accuracy on the test with the standard error over draws of
noise, the spikes of all layers but the input that a sample of the test causes, its
size, and the time that this machine takes for a sample of its self-test, all steps
known, the models in turns.

Models that differ in nothing but the seed are one row: the mean of their
accuracies, with the standard error over seeds. --single keeps them apart. Accuracies
are those that train wrote into the models; models of different data, as their
digests tell, are marked.`,
		Example: `  snurun compare a.msgpack b.msgpack
  snurun compare runs/*.msgpack --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("expected MODEL..., found no arguments")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			runs, err := readRuns(cmd.Context(), args)
			if err != nil {
				return err
			}
			rows := group(runs, single)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "runs": rows})
			}
			return printComparison(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().BoolVar(&single, "single", false, "keep models apart that differ in nothing but the seed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// trainedRun is one model of compare.
type trainedRun struct {
	file, network, data string
	bytes               int64
	accuracy, se        float64
	spikes              float64
	choices             map[string]string
	us                  float64
}

// comparison is a row of compare.
type comparison struct {
	Models   []string          `json:"models"`
	Network  string            `json:"network"`
	Choices  map[string]string `json:"choices"` // that differ between rows
	Seeds    int               `json:"seeds"`
	Accuracy float64           `json:"test_accuracy"`
	Error    float64           `json:"test_accuracy_se"`
	Spikes   float64           `json:"spikes_per_sample"`
	Bytes    int64             `json:"bytes"`
	SampleUS float64           `json:"us_per_sample"`
	Data     string            `json:"data_digest,omitempty"`
}

// readRuns reads models, and times them in turns.
func readRuns(ctx context.Context, files []string) ([]trainedRun, error) {
	runs := make([]trainedRun, len(files))
	sessions := make([]*runtime.Session, len(files))
	tests := make([]*model.SelfTest, len(files))
	for i, file := range files {
		m, info, err := export.ReadFileInfo(file)
		if err != nil {
			return nil, withForeign(file, err)
		}
		accuracy, ok := m.Metadata["test_accuracy"].(float64)
		if !ok {
			return nil, fmt.Errorf("%s: the model does not say how accurate it is, expected test_accuracy in its metadata, as train writes it", file)
		}
		r := trainedRun{file: file, network: m.Topology(), bytes: info.Size, accuracy: accuracy, choices: map[string]string{}}
		r.se, _ = m.Metadata["test_accuracy_se"].(float64)
		r.data, _ = m.Metadata["data_digest"].(string)
		text, _ := m.Metadata[configurationKey].(string)
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			r.choices[name] = value
		}
		var history []epochReport
		if text, _ := m.Metadata["history"].(string); json.Unmarshal([]byte(text), &history) == nil && len(history) > 0 {
			r.spikes = history[len(history)-1].SpikesPerSample
		}
		net, err := runtime.Compile(m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if m.SelfTest == nil || len(m.SelfTest.Inputs) == 0 {
			return nil, fmt.Errorf("%s: the model has no self-test, on whose input it would be timed", file)
		}
		runs[i], sessions[i], tests[i] = r, net.NewSession(), m.SelfTest
	}
	const rounds = 21
	times := make([][]float64, len(files))
	for range rounds {
		for i, s := range sessions {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			start := time.Now()
			for _, x := range tests[i].Inputs {
				if _, err := s.Classify(x); err != nil {
					return nil, fmt.Errorf("%s: %w", files[i], err)
				}
			}
			times[i] = append(times[i], time.Since(start).Seconds()*1e6/float64(len(tests[i].Inputs)))
		}
	}
	for i := range runs {
		slices.Sort(times[i])
		runs[i].us = times[i][rounds/2]
	}
	return runs, nil
}

// group makes a row of runs that differ in nothing but the seed.
func group(runs []trainedRun, single bool) []comparison {
	differ := map[string]bool{}
	for _, r := range runs {
		for name, value := range r.choices {
			for _, other := range runs {
				differ[name] = differ[name] || other.choices[name] != value
			}
		}
	}
	var rows []comparison
	var members [][]trainedRun
	for _, r := range runs {
		own := map[string]string{}
		for name, value := range r.choices {
			if differ[name] && (name != "seed" || single) {
				own[name] = value
			}
		}
		at := -1
		for i := range rows {
			same := rows[i].Network == r.network && rows[i].Data == r.data && len(rows[i].Choices) == len(own) && members[i][0].choices["seed"] != ""
			for name, value := range own {
				same = same && rows[i].Choices[name] == value
			}
			for _, m := range members[i] {
				same = same && m.choices["seed"] != r.choices["seed"]
			}
			if same && !single {
				at = i
			}
		}
		if at < 0 {
			rows, members = append(rows, comparison{Network: r.network, Choices: own, Data: r.data}), append(members, nil)
			at = len(rows) - 1
		}
		members[at] = append(members[at], r)
	}
	for i := range rows {
		row, all := &rows[i], members[i]
		n := float64(len(all))
		row.Seeds, row.Error, row.Bytes = len(all), all[0].se, all[0].bytes
		for _, r := range all {
			row.Models = append(row.Models, r.file)
			row.Accuracy += r.accuracy / n
			row.Spikes += r.spikes / n
			row.SampleUS += r.us / n
		}
		if len(all) > 1 {
			sum := 0.0
			for _, r := range all {
				sum += float64((r.accuracy - row.Accuracy) * (r.accuracy - row.Accuracy))
			}
			row.Error = math.Sqrt(sum / (n * (n - 1)))
		}
	}
	return rows
}

func printComparison(w io.Writer, rows []comparison) error {
	table := [][]string{{"model", "accuracy", "seeds", "spikes", "kB", "µs", "differs in"}}
	data := map[string]bool{}
	for _, r := range rows {
		data[r.Data] = true
		name := r.Models[0]
		if len(r.Models) > 1 {
			name += fmt.Sprintf(" and %d more", len(r.Models)-1)
		}
		var own []string
		for flag, value := range r.Choices {
			own = append(own, "--"+flag+" "+value)
		}
		slices.Sort(own)
		table = append(table, []string{
			name, fmt.Sprintf("%.2f ± %.2f %%", 100*r.Accuracy, 100*r.Error), fmt.Sprint(r.Seeds), fmt.Sprintf("%.0f", r.Spikes),
			fmt.Sprintf("%.0f", float64(r.Bytes)/1000), fmt.Sprintf("%.1f", r.SampleUS), strings.Join(own, " "),
		})
	}
	if err := bench.Table(w, table, 1); err != nil {
		return err
	}
	if len(data) > 1 {
		_, err := fmt.Fprintf(w, "the models were trained and tested on %d different sets of data\n", len(data))
		return err
	}
	return nil
}
