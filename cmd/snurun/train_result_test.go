//go:build !board

package main

import (
	"testing"

	"github.com/snurun/snurun/evaluate"
)

func TestPercent(t *testing.T) {
	t.Parallel()
	for e, want := range map[evaluate.Estimate]string{
		{Mean: 0.9}: "90.00 %", {Mean: 0.92, Error: 0.0115}: "92.00 ± 1.15 %",
	} {
		if got := percent(e); got != want {
			t.Errorf("%v is %q, expected %q", e, got, want)
		}
	}
}
