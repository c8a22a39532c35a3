package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
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

// newBar returns a bar that counts to total.
func newBar(w io.Writer, total int64, more ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, append(more,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(24),
		progressbar.OptionClearOnFinish(),
	)...)
}
