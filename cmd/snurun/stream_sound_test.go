//go:build !board

package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spokenModel is the model of spoken digits, and the recordings beside it.
var spokenModel = filepath.Join("..", "..", "testdata", "digits.msgpack")

var recordings = []struct{ file, class string }{{"zero.wav", "0"}, {"five.wav", "5"}, {"seven.wav", "7"}}

// samplesOf returns the samples of a WAV file with a header of 44 bytes.
func samplesOf(t *testing.T, file string) (x []int16) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 44; i+1 < len(data); i += 2 {
		x = append(x, int16(binary.LittleEndian.Uint16(data[i:])))
	}
	return x
}

// inNoise returns a minute of noise in which 20 words are said, as loud as each other
// and 20 dB louder than the noise, and when each begins, in seconds.
func inNoise(words [][]int16) (pcm []byte, begins []float64) {
	const rate, effective = 8000, 3000
	x := make([]float64, 60*rate)
	for k := range 20 {
		word := words[k%len(words)]
		power := 0.0
		for _, v := range word {
			power += float64(v) * float64(v)
		}
		gain := effective / math.Sqrt(power/float64(len(word)))
		at := 5*rate/2 + k*rate*28/10 + k*7001%(rate/4)
		begins = append(begins, float64(at)/rate)
		for n, v := range word {
			x[at+n] += math.Round(gain * float64(v))
		}
	}
	state := uint64(1)
	for n := range x {
		state = state*6364136223846793005 + 1442695040888963407
		r := state ^ state>>33
		// The sum of four uniform numbers of ±2^15 has a standard deviation of 37,837.
		sum := int64(int16(r)) + int64(int16(r>>16)) + int64(int16(r>>32)) + int64(int16(r>>48))
		x[n] += float64(sum * (effective / 10) / 37837)
	}
	for _, v := range x {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(min(max(v, -32768), 32767))))
	}
	return pcm, begins
}

// TestSpokenDigitsInNoise listens to a minute of noise in which 20 digits are said.
func TestSpokenDigitsInNoise(t *testing.T) {
	type word struct {
		file, class string
	}
	sets := map[string]struct {
		words []word
		least int // that are heard right; none is heard where nothing is said
	}{}
	three := sets["three recordings"]
	for _, r := range recordings {
		three.words = append(three.words, word{filepath.Join("..", "..", "testdata", r.file), r.class})
	}
	three.least = 19
	sets["three recordings"] = three
	const data = "../../../shared/data/fsdd"
	if _, err := os.Stat(data); err == nil {
		twenty := sets["twenty recordings"]
		speakers := []string{"george", "jackson", "lucas", "nicolas", "theo", "yweweler"}
		for k := range 20 {
			twenty.words = append(twenty.words, word{filepath.Join(data, fmt.Sprintf("%d_%s_%d.wav", k%10, speakers[k%6], k/10)), fmt.Sprint(k % 10)})
		}
		twenty.least = 18
		sets["twenty recordings"] = twenty
	}
	for name, set := range sets {
		var words [][]int16
		for _, w := range set.words {
			words = append(words, samplesOf(t, w.file))
		}
		pcm, begins := inNoise(words)
		for _, how := range []string{"--onset 40/5 --floor auto"} {
			args := append([]string{spokenModel, "--json", "--format", "s16le", "--rate", "8000"}, strings.Fields(how)...)
			out, diagnostics, code := streamOf(t, strings.NewReader(string(pcm)), args...)
			if code != exitOK {
				t.Fatalf("%s: exit %d, %s", name, code, diagnostics)
			}
			decisions, _ := parseStream(t, out)
			right, inNone := make(map[int]bool), 0
			for _, d := range decisions {
				if d.Name == "" {
					continue
				}
				when, of := float64(d.TimeUS)/1e6, -1
				for k, b := range begins {
					if b < when && when < b+2.2 {
						of = k
					}
				}
				switch {
				case of < 0:
					inNone++
				case d.Name == set.words[of%len(words)].class:
					right[of] = true
				}
			}
			if len(right) < set.least || inNone > 0 {
				t.Errorf("%s, %s: %d of 20 digits are heard right, expected %d or more; %d are heard in noise", name, how, len(right), set.least, inNone)
			}
		}
	}
}
