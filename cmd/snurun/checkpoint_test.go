//go:build !board

package main

import (
	"testing"
	"time"
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
