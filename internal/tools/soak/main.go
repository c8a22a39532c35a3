// Command soak runs models for a very long time in one process, and fails if
// memory or goroutines grow or a digest changes:
//
//	go run ./internal/tools/soak -steps 1e9 testdata/golden/*.msgpack
//
// Every round runs all models from their initial states on the same input,
// alternately step by step and in batches, which must give the same bits.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

func main() {
	steps := flag.Float64("steps", 1e9, "time steps of all models together")
	rounds := flag.Int("rounds", 20, "rounds that they are run in, with a check after each")
	flag.Parse()
	if err := soak(os.Stdout, flag.Args(), *steps, *rounds); err != nil {
		fmt.Fprintf(os.Stderr, "soak: %v\n", err)
		os.Exit(1)
	}
}

// soak runs the models and prints a line a round.
func soak(w io.Writer, files []string, steps float64, rounds int) error {
	var runners []*runner
	for _, file := range files {
		r, err := newRunner(file)
		if err != nil {
			return err
		}
		runners = append(runners, r)
	}
	if len(runners) == 0 || rounds < 2 {
		return errors.New("expected one model or more, and 2 rounds or more")
	}
	laps := int(math.Ceil(steps / float64(rounds*len(runners)*lapSteps)))
	start := time.Now()
	var first, now check
	var done int64
	for round := range rounds {
		h := sha256.New()
		for _, r := range runners {
			if err := r.run(h, laps, round%2 == 0); err != nil {
				return err
			}
			done += int64(laps) * lapSteps
		}
		now = measure([sha256.Size]byte(h.Sum(nil)))
		if round == 0 {
			first = now
		}
		if _, err := fmt.Fprintf(w, "%7.0fs  %13d steps  %v\n", time.Since(start).Seconds(), done, now); err != nil {
			return err
		}
		if err := now.compare(first); err != nil {
			return fmt.Errorf("after %d steps: %w", done, err)
		}
	}
	return nil
}

// lapSteps is the length of the input, which a model takes in again and again
// without a reset.
const lapSteps = 1000

// runner is a model with an input.
type runner struct {
	session *runtime.Session
	layers  int
	input   spike.Input
}

func newRunner(file string) (*runner, error) {
	m, err := export.ReadFile(file)
	if err != nil {
		return nil, err
	}
	n, err := runtime.Compile(m)
	if err != nil {
		return nil, err
	}
	r := &runner{n.NewSession(), n.Layers(), m.Input.New(lapSteps)}
	g := rand.New(rand.NewPCG(1, 2))
	for t := range lapSteps {
		for i := range n.InSize() {
			switch x := r.input.(type) {
			case spike.Train:
				if g.IntN(4) == 0 {
					x.At(t).Set(i)
				}
			case spike.Values:
				x.At(t)[i] = g.Float32()
			}
		}
	}
	return r, nil
}

// run resets the session, runs some laps and hashes what they led to.
func (r *runner) run(h io.Writer, laps int, batches bool) error {
	s := r.session
	s.Reset()
	for range laps {
		var err error
		if batches {
			err = s.Run(r.input)
		} else {
			err = r.steps()
		}
		if err != nil {
			return err
		}
		for i := range r.layers {
			binary.Write(h, binary.LittleEndian, []uint64(s.Spikes(i)))
			binary.Write(h, binary.LittleEndian, s.Membrane(i))
			binary.Write(h, binary.LittleEndian, s.Outputs(i))
		}
		binary.Write(h, binary.LittleEndian, s.Result().Scores)
		fmt.Fprintln(h, s.Stats())
	}
	return nil
}

// steps runs a lap step by step.
func (r *runner) steps() error {
	for t := range r.input.Steps() {
		if err := r.session.Step(r.input, t); err != nil {
			return err
		}
	}
	return nil
}

// check is what must stay the same.
type check struct {
	digest     [sha256.Size]byte
	heap, rss  uint64 // bytes; rss is 0 where the system does not tell
	goroutines int
}

func measure(digest [sha256.Size]byte) check {
	debug.FreeOSMemory()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return check{digest: digest, heap: m.HeapAlloc, rss: rss(), goroutines: goruntime.NumGoroutine()}
}

// rss returns the memory that this process holds now.
func rss() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kb uint64
	if _, after, found := strings.Cut(string(status), "VmRSS:"); found {
		fmt.Sscan(after, &kb)
	}
	return kb << 10
}

func (c check) String() string {
	return fmt.Sprintf("heap %7d  rss %9d  goroutines %d  digest %x", c.heap, c.rss, c.goroutines, c.digest[:8])
}

// compare allows for what the Go runtime itself keeps.
func (c check) compare(first check) error {
	const heapSlack, rssSlack = 64 << 10, 4 << 20
	switch {
	case c.digest != first.digest:
		return fmt.Errorf("the digest is %x, it was %x", c.digest, first.digest)
	case c.goroutines > first.goroutines:
		return fmt.Errorf("%d goroutines, there were %d", c.goroutines, first.goroutines)
	case c.heap > first.heap+heapSlack:
		return fmt.Errorf("%d bytes on the heap, there were %d", c.heap, first.heap)
	case c.rss > first.rss+rssSlack:
		return fmt.Errorf("%d bytes resident, there were %d", c.rss, first.rss)
	}
	return nil
}
