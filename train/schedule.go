package train

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/internal/det"
)

// ScheduleKind names how the learning rate changes.
type ScheduleKind string

// The schedules of the learning rate.
const (
	Constant ScheduleKind = "constant"
	Halving  ScheduleKind = "halving" // times 1/2 every Every epochs (the blog: 5)
	Cosine   ScheduleKind = "cosine"  // from 1 to 0 along half a cosine
)

// Schedule is the course of the learning rate over a training.
type Schedule struct {
	Kind   ScheduleKind
	Every  int     // epochs between halvings
	Warmup float64 // epochs in which the rate rises linearly from 0
}

func (s Schedule) validate() error {
	switch s.Kind {
	case Constant, Cosine:
	case Halving:
		if s.Every < 1 {
			return fmt.Errorf("schedule halving: every %d epochs, expected at least 1", s.Every)
		}
	default:
		return fmt.Errorf("schedule %q is unknown, expected constant, halving or cosine", s.Kind)
	}
	if !(s.Warmup >= 0) || math.IsInf(s.Warmup, 0) {
		return fmt.Errorf("schedule: warm-up is %v epochs, expected a number that is not negative", s.Warmup)
	}
	return nil
}

// factor returns what the learning rate is multiplied by at epoch, which
// counts from 0 and may be fractional, of epochs.
func (s Schedule) factor(epoch float64, epochs int) float64 {
	if epoch < s.Warmup {
		return epoch / s.Warmup
	}
	switch s.Kind {
	case Halving:
		return math.Ldexp(1, -int(epoch)/s.Every)
	case Cosine:
		done := (epoch - s.Warmup) / (float64(epochs) - s.Warmup)
		return (1 + det.Cos(float64(math.Pi*min(1, done)))) / 2
	}
	return 1
}
