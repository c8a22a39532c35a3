//go:build !board

package main

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/snurun/snurun/train"
)

// progress is a bar on a terminal and silent elsewhere, where the line an
// epoch is enough.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	epoch int
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{out: w}
}

func (p *progress) show(now train.Progress) {
	if p.out == nil {
		return
	}
	if p.bar == nil || p.epoch != now.Epoch {
		p.bar = newBar(p.out, int64(now.Samples), progressbar.OptionShowIts(), progressbar.OptionSetItsString("samples"))
		p.epoch = now.Epoch
	}
	p.bar.Describe(fmt.Sprintf("epoch %d  loss %.3f  acc %.1f %%  spikes %.0f", now.Epoch, now.Loss, 100*now.Accuracy, now.SpikesPerSample))
	_ = p.bar.Set(now.Done)
}

// clear takes the bar off the terminal.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
