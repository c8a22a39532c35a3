package dataset

import (
	"slices"
	"testing"
)

// The reference numbers are the first outputs of SplitMix64 from 1234567.
func TestMixIsSplitMix64(t *testing.T) {
	state := uint64(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		state += gamma
		if got := mix(state); got != want {
			t.Errorf("output %d is %d, expected %d", i, got, want)
		}
	}
}

// The numbers are pinned: models and spike trains depend on them.
func TestStreamIsPinned(t *testing.T) {
	for _, c := range []struct {
		key  Key
		n    uint64
		want uint64
	}{
		{Key{}, 0, 0x6246a58789053b93},
		{Key{}, 1, 0x1cd364143cce4aae},
		{Key{Seed: 1}, 0, 0x8f5db0a20602cc40},
		{Key{Sample: 1}, 0, 0x100c39eaeb1fc4b9},
		{Key{Seed: 42, Sample: 7}, 1 << 40, 0x435b6727401bc858},
		{Key{Seed: 42, Sample: 7}.Epoch(0), 0, 0x81cbf5cc65811d58},
		{Key{Seed: 42, Sample: 7}.Epoch(3), 0, 0x115b9d5280d3a964},
	} {
		if got := c.key.Uint64(c.n); got != c.want {
			t.Errorf("%+v: number %d is %#x, expected %#x", c.key, c.n, got, c.want)
		}
	}
	order := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	Shuffle(order, Key{Seed: 42})
	if want := []int{6, 0, 7, 5, 8, 2, 9, 4, 1, 3}; !slices.Equal(order, want) {
		t.Errorf("shuffled %v, expected %v", order, want)
	}
}

func TestKeysAreDistinct(t *testing.T) {
	states := make(map[uint64]Key)
	for seed := range uint64(20) {
		for sample := range uint64(50) {
			k := Key{seed, sample}
			for epoch := -1; epoch < 20; epoch++ {
				ke := k
				if epoch >= 0 {
					ke = k.Epoch(epoch)
				}
				if other, ok := states[ke.state()]; ok {
					t.Fatalf("%+v and %+v have the same stream", ke, other)
				}
				states[ke.state()] = ke
			}
		}
	}
}

// Every element must come to every place equally often.
func TestShuffleIsUniform(t *testing.T) {
	const n, rounds = 7, 70000
	var counts [n][n]int
	for r := range uint64(rounds) {
		order := []int{0, 1, 2, 3, 4, 5, 6}
		Shuffle(order, Key{Sample: r})
		for place, e := range order {
			counts[place][e]++
		}
	}
	for place := range counts {
		for e, c := range counts[place] {
			if z := deviation(c, rounds, 1.0/n); z > 5 {
				t.Errorf("element %d came to place %d %d times of %d, %.1f standard deviations off", e, place, c, rounds, z)
			}
		}
	}
	Shuffle(nil, Key{})
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		n        int
		fraction float64
		held     int
	}{{10, 0.2, 2}, {10, 0, 0}, {10, 1, 10}, {10, 2, 10}, {10, -1, 0}, {7, 0.5, 4}, {0, 0.5, 0}, {-3, 0.5, 0}, {48, nan, 0}} {
		train, held := Split(c.n, c.fraction, 1)
		if len(held) != c.held || len(train) != max(c.n, 0)-c.held {
			t.Errorf("Split(%d, %v): %d and %d", c.n, c.fraction, len(train), len(held))
		}
		if !slices.IsSorted(train) || !slices.IsSorted(held) {
			t.Errorf("Split(%d, %v) is not ascending: %v, %v", c.n, c.fraction, train, held)
		}
		all := slices.Sorted(slices.Values(slices.Concat(train, held)))
		for i, k := range all {
			if i != k {
				t.Fatalf("Split(%d, %v) is no partition: %v, %v", c.n, c.fraction, train, held)
			}
		}
	}
	_, a := Split(1000, 0.1, 1)
	_, b := Split(1000, 0.1, 2)
	if slices.Equal(a, b) {
		t.Error("two seeds hold the same samples out")
	}
	// Appending to one list must not overwrite the other.
	_, held := Split(4, 0.5, 1)
	train, _ := Split(4, 0.5, 1)
	_ = append(held, -1)
	if again, _ := Split(4, 0.5, 1); !slices.Equal(train, again) {
		t.Error("the lists share memory")
	}
}
