//go:build !board

package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// silentBar returns a bar that shows nothing.
func silentBar() bar { return progressbar.DefaultSilent(0) }

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
