package dataset

import "math/bits"

// Key names one stream of random numbers. All randomness in this package is
// counter-based: a number depends on the key and on its place (time step,
// channel, …) alone, never on call order, goroutines, CPU or Go version.
type Key struct {
	Seed   uint64 // of the run
	Sample uint64 // of the sample, usually its index in the data set
}

// KeyFor returns the key of a sample for one purpose of a run. Purposes, numbers
// of the caller's, share no streams.
func KeyFor(seed uint64, purpose int, sample uint64) Key {
	return Key{Seed: Key{Seed: seed, Sample: uint64(purpose)}.Uint64(0), Sample: sample}
}

// Epoch returns the key of the same sample in a training epoch, so that each
// epoch sees fresh noise, which is not that of k either.
func (k Key) Epoch(epoch int) Key {
	k.Seed = mix(k.Seed + gamma*(uint64(epoch)+1))
	return k
}

// Uint64 returns the number at place n of the key's stream: 64 uniform bits.
func (k Key) Uint64(n uint64) uint64 { return mix(k.state() + gamma*n) }

// Shuffle permutes order by a Fisher–Yates shuffle over the key's stream.
func Shuffle(order []int, key Key) {
	state := key.state()
	for i := len(order) - 1; i > 0; i-- {
		state += gamma
		j, _ := bits.Mul64(mix(state), uint64(i)+1) // uniform to 2⁻⁶⁴·len
		order[i], order[j] = order[j], order[i]
	}
}

// gamma is the increment of SplitMix64 (Steele, Lea, Flood 2014): 2⁶⁴ divided
// by the golden ratio, made odd, so that n ↦ state + gamma·n is one to one.
const gamma = 0x9e3779b97f4a7c15

// mix is the finaliser of SplitMix64, a bijection whose output bits each
// depend on all input bits (Stafford's variant 13).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// state returns where the key's stream starts; for one seed, distinct samples
// start at distinct states.
func (k Key) state() uint64 { return mix(mix(k.Seed+gamma) ^ (k.Sample + gamma)) }
