//go:build !board

package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

func TestCheckpointTimes(t *testing.T) {
	for _, c := range []struct {
		age       time.Duration
		due, ripe bool
	}{{0, false, false}, {5 * time.Minute, false, false}, {7 * time.Minute, false, true}, {61 * time.Minute, true, true}} {
		k := &checkpoints{every: time.Hour, last: time.Now().Add(-c.age)}
		if k.due() != c.due || k.ripe() != c.ripe {
			t.Errorf("a checkpoint %v old: due %v, ripe %v, expected %v and %v", c.age, k.due(), k.ripe(), c.due, c.ripe)
		}
	}
	if k := (&checkpoints{last: time.Now()}); !k.due() || !k.ripe() {
		t.Error("--checkpoint-every 0 waits")
	}
}

// TestCheckpointWithoutHistory goes on from no checkpoint whose training is over and
// that says nothing of its epochs.
func TestCheckpointWithoutHistory(t *testing.T) {
	source, err := dataset.FromInputs([]spike.Train{spike.NewTrain(3, 4), spike.NewTrain(3, 4)}, []int{4}, []int{0, 1}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	topology := train.DefaultTopology(model.Input{Shape: []int{4}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}, 3, []string{"a", "b"})
	topology.Hidden, topology.Active = []int{2}, 1
	m, err := topology.New(1)
	if err != nil {
		t.Fatal(err)
	}
	config := train.Defaults()
	config.Epochs = 1
	trainer := func() *train.Trainer {
		tr, err := train.New(m, source, []int{0, 1}, config)
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	over := trainer()
	if _, err := over.Epoch(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	k := &checkpoints{file: filepath.Join(t.TempDir(), "checkpoint")}
	for _, c := range []struct {
		of      *train.Trainer
		history []epochReport
		refused bool
	}{{over, nil, true}, {over, []epochReport{{Epoch: 1}}, false}, {trainer(), nil, false}} {
		if err := k.save(c.of, c.history, kept{}); err != nil {
			t.Fatal(err)
		}
		history, _, err := k.open(trainer(), true)
		if errors.Is(err, train.ErrCheckpoint) != c.refused || !c.refused && (err != nil || len(history) != len(c.history)) {
			t.Errorf("a history of %d epochs: %d, error %v, expected a refusal: %v", len(c.history), len(history), err, c.refused)
		}
	}
}
