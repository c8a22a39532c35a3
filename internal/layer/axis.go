package layer

import "github.com/snurun/snurun/model"

// axis is how a kernel meets its inputs along the height or the width. An input
// at i reaches output o by tap k if i + padding = stride·o + dilation·k, so only
// every period-th tap reaches it: those of its phase. They reach outputs step
// apart, the last tap the first of them.
type axis struct {
	kernel, stride, padding, dilation int
	in, out                           int

	period    int
	phases    int   // that have taps; tap k is of phase k mod period
	phase     []int // of each (i + padding) mod stride, −1 where no tap reaches the input
	taps      int   // of phase 0, which has the most
	step      int
	low, high int // room before the first output and after the last
}

func newAxis(w *model.Window, which, in, out int) axis {
	a := axis{
		kernel: w.Kernel[which], stride: w.Stride[which], padding: w.Padding[which], dilation: w.Dilation[which],
		in: in, out: out,
	}
	common := gcd(a.dilation, a.stride)
	a.period, a.step = a.stride/common, a.dilation/common
	a.phases = min(a.kernel, a.period)
	a.taps = (a.kernel-1)/a.period + 1
	a.phase = make([]int, a.stride)
	for rest := range a.phase {
		a.phase[rest] = -1
	}
	for k := range a.phases {
		a.phase[k*a.dilation%a.stride] = k
	}
	for i := range in {
		if first, _, ok := a.first(i); ok {
			a.low = max(a.low, -first)
			a.high = max(a.high, first+a.step*(a.taps-1)-(out-1))
		}
	}
	a.high = max(a.high, a.step*(a.taps-1)+1-a.low-out) // a pattern fits in anywhere
	return a
}

// first returns the output that the first slot of the pattern of input i falls
// on, and the input's phase, if it has one. The slots of a phase with fewer taps
// than others stay empty at the front.
func (a *axis) first(i int) (output, phase int, ok bool) {
	i += a.padding
	phase = a.phase[i%a.stride]
	return i/a.stride - phase*a.dilation/a.stride - a.step*(a.taps-1), phase, phase >= 0
}

// reached returns how many outputs see input i.
func (a *axis) reached(i int) int {
	first, phase, ok := a.first(i)
	if !ok || first >= a.out {
		return 0
	}
	from := a.taps - ((a.kernel-1-phase)/a.period + 1) // the slots before are empty
	if first < 0 {
		from = max(from, (-first+a.step-1)/a.step)
	}
	to := min(a.taps, (a.out-1-first)/a.step+1)
	return max(0, to-from)
}

// slot returns the slot of tap k in the patterns of its phase.
func (a *axis) slot(k int) (slot, phase int) { return a.taps - 1 - k/a.period, k % a.period }

// room returns the extent of the plane.
func (a *axis) room() int { return a.low + a.out + a.high }

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
