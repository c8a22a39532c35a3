package dataset

import (
	"encoding/binary"
	"math"

	"github.com/snurun/snurun/spike"
)

// probabilities are the spike probabilities of 64 channels, channel i in bit i
// of each word, in units of 2⁻³².
type probabilities struct {
	some uint64     // channels with a probability above 0 and below 1
	all  uint64     // channels with probability 1
	bits [32]uint64 // bit b of each probability
}

// certain is the fixed-point probability that stands for 1.
const certain = math.MaxUint32

// fixed returns p, clipped to 1, in units of 2⁻³².
func fixed(p float64) uint32 {
	return uint32(min(math.Round(p*(1<<32)), certain))
}

// draw returns the spikes of one step. A channel spikes if a random 32-bit
// fraction is below its probability. Both are compared from bit 31 down, bit b
// of all 64 fractions being the number at place 32−b after state, until every
// channel is decided: about 1 + log₂ of their number bits. Four bits between
// two looks cost less than the branches they save.
func (p *probabilities) draw(state uint64) uint64 {
	spikes, open := p.all, p.some
	for b := 31; b > 0 && open != 0; b -= 4 {
		spikes, open = compare(spikes, open, p.bits[b], mix(state+gamma))
		spikes, open = compare(spikes, open, p.bits[b-1], mix(state+gamma2))
		spikes, open = compare(spikes, open, p.bits[b-2], mix(state+gamma3))
		state += gamma4
		spikes, open = compare(spikes, open, p.bits[b-3], mix(state))
	}
	return spikes
}

// compare decides the open channels whose probability and fraction differ in
// this bit.
func compare(spikes, open, p, r uint64) (newSpikes, stillOpen uint64) {
	return spikes | open&p&^r, open &^ (p ^ r)
}

// Multiples of gamma, modulo 2⁶⁴.
const (
	gamma2 = 2 * gamma & math.MaxUint64
	gamma3 = 3 * gamma & math.MaxUint64
	gamma4 = 4 * gamma & math.MaxUint64
)

// fill sets the probability of all channels; some and all say where it counts.
func (p *probabilities) fill(probability uint32) {
	for b := range p.bits {
		p.bits[b] = -uint64(probability >> b & 1)
	}
}

// gather sets the probabilities to those of 64 intensities in table, which has
// probability 0 for intensity 0.
func (p *probabilities) gather(table *[256]uint32, x *[spike.WordBits]byte) {
	p.some, p.all = 0, 0
	if atLeast(x, 1) == 0 {
		return
	}
	for i := range p.bits {
		p.bits[i] = uint64(table[x[i]]) | uint64(table[x[i+32]])<<32
	}
	transpose(&p.bits)
	p.all = p.bits[0]
	for _, w := range &p.bits {
		p.some |= w
		p.all &= w
	}
	p.some &^= p.all
}

// transpose transposes the two 32×32 bit matrices in the low and the high
// halves of a, so that bit c of row r becomes bit r of row c, by swapping ever
// smaller off-diagonal blocks (Warren, Hacker's Delight, 7-3).
func transpose(a *[32]uint64) {
	mask := uint64(0x0000ffff_0000ffff)
	for size := 16; size > 0; size /= 2 {
		for r := 0; r < len(a); r += 2 * size {
			upper, lower := a[r:r+size], a[r+size:r+2*size]
			for i, w := range upper {
				t := (w>>(size&31) ^ lower[i]) & mask
				upper[i] ^= t << (size & 31)
				lower[i] ^= t
			}
		}
		mask ^= mask << (size / 2)
	}
}

// atLeast returns which intensities are at least cut, eight at a time: a sum of
// the low seven bits of a byte and 128 − cut%128 reaches the top bit if they are
// at least cut%128.
func atLeast(x *[spike.WordBits]byte, cut int) uint64 {
	if cut > math.MaxUint8 {
		return 0
	}
	const low, top, ones = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080, 0x0101010101010101
	add := ones * uint64(128-cut%128)
	mask := uint64(0)
	for i := 0; i < len(x); i += 8 {
		v := binary.LittleEndian.Uint64(x[i:])
		hit := v&low + add
		if cut < 128 {
			hit |= v
		} else {
			hit &= v
		}
		// The product moves the top bit of byte k to bit 56+k.
		mask |= (hit & top >> 7) * 0x0102040810204080 >> 56 << i
	}
	return mask
}
