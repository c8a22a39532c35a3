package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/fleet"
)

func batch(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("batch", flag.ContinueOnError)
	hubBinary := f.String("hub", "./snurun-hub", "the hub's binary")
	binary := f.String("snurun", "./snurun", "snurun's binary")
	model := f.String("model", "testdata/mnist.msgpack", "model, of digits")
	samples := f.Int("samples", 100_000, "digits: those of the sample, over and over, with other noise")
	workers := f.Int("workers", 4, "workers")
	every := f.Duration("kill", time.Second, "kill something so often, once there are results more; 0: nothing")
	store := f.String("store", "", "folder of the hub's store; empty: a temporary one")
	full := f.Bool("full", false, "fill the disk of -store for some seconds, twice")
	seed := f.Uint64("seed", 1, "of what is killed when")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fleetrun-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *store == "" {
		*store = filepath.Join(dir, "store")
	}
	images := filepath.Join(dir, "digits-idx3-ubyte")
	if err := writeDigits(images, *samples); err != nil {
		return err
	}
	hub, err := newHub(*hubBinary, *store, dir)
	if err != nil {
		return err
	}
	defer func() { hub.kill() }()
	url := "nats://" + hub.address
	run := func(args ...string) *exec.Cmd { return exec.Command(*binary, args...) }
	begun := time.Now()
	if out, err := run("batch", "submit", *model, images, "--job", "run", "--hub", url).CombinedOutput(); err != nil {
		return fmt.Errorf("submit: %w: %s", err, out)
	}
	fmt.Printf("%d samples are submitted after %v\n", *samples, time.Since(begun).Round(time.Millisecond))

	log, err := os.Create(filepath.Join(dir, "workers.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	crew := make([]*exec.Cmd, *workers)
	start := func(i int) error {
		crew[i] = run("batch", "work", "--hub", url, "--name", fmt.Sprint("w", i), "--threads", "1")
		crew[i].Stdout, crew[i].Stderr = log, log
		return crew[i].Start()
	}
	defer func() {
		for _, c := range crew {
			if c != nil && c.Process != nil {
				_ = c.Process.Kill()
				_ = c.Wait()
			}
		}
	}()
	for i := range crew {
		if err := start(i); err != nil {
			return err
		}
	}
	found := filepath.Join(dir, "found.jsonl")
	results, err := os.Create(found)
	if err != nil {
		return err
	}
	defer results.Close()
	waiting := run("batch", "results", "--job", "run", "--hub", url, "--wait")
	waiting.Stdout, waiting.Stderr = results, os.Stderr
	begun = time.Now()
	if err := waiting.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- waiting.Wait() }()

	js, end, err := streams(url)
	if err != nil {
		return err
	}
	defer end()
	// On a machine that is busy a worker takes longer to begin than it may live.
	stored := uint64(0)
	more := func() bool {
		asking, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		s, err := js.Stream(asking, fleet.ResultStream)
		if err != nil || s.CachedInfo().State.Msgs <= stored {
			return false
		}
		stored = s.CachedInfo().State.Msgs
		return true
	}
	r := rand.New(rand.NewPCG(*seed, 1))
	killedWorkers, killedHubs, filled := 0, 0, 0
	tick := time.NewTicker(max(*every, time.Millisecond))
	defer tick.Stop()
	for round := 1; ; {
		select {
		case <-ctx.Done():
			_ = waiting.Process.Kill()
			return ctx.Err()
		case err := <-done:
			if err != nil {
				return fmt.Errorf("results: %w", err)
			}
			fmt.Printf("all results after %v; %d workers and %d hubs were killed, the disk was full %d times\n", time.Since(begun).Round(time.Millisecond), killedWorkers, killedHubs, filled)
			return compare(run("classify", *model, images, "--json", "--threads", "1"), found)
		case <-tick.C:
		}
		if *every == 0 || !more() {
			continue
		}
		time.Sleep(time.Duration(r.Int64N(int64(*every)/2 + 1)))
		switch {
		case *full && filled < 2 && round%6 == 3:
			if err := fill(*store, 3*time.Second); err != nil {
				return err
			}
			filled++
		case round%4 == 0:
			hub.kill()
			time.Sleep(time.Duration(r.Int64N(int64(500 * time.Millisecond))))
			if err := hub.start(); err != nil {
				return err
			}
			killedHubs++
		default:
			i := r.IntN(len(crew))
			_ = crew[i].Process.Kill()
			_ = crew[i].Wait()
			if err := start(i); err != nil {
				return err
			}
			killedWorkers++
		}
		round++
	}
}

// writeDigits writes an IDX file of n digits.
func writeDigits(name string, n int) error {
	set, err := dataset.Sample()
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, v := range []uint32{0x803, uint32(n), uint32(set.Height), uint32(set.Width)} {
		if err := binary.Write(w, binary.BigEndian, v); err != nil {
			return err
		}
	}
	size := set.Height * set.Width
	for i := range n {
		at := i % set.Count * size
		if _, err := w.Write(set.Pixels[at : at+size]); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

// fill takes all that is free on a disk for a while.
func fill(dir string, d time.Duration) error {
	name := filepath.Join(filepath.Dir(dir), "fill")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	defer f.Close()
	block := make([]byte, 1<<20)
	for len(block) > 0 {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2] // the last bytes too
		}
	}
	time.Sleep(d)
	return nil
}

var latency = regexp.MustCompile(`,"latency_us":[0-9.eE+-]+`)

// compare runs classify and compares its lines with what was found.
func compare(classify *exec.Cmd, found string) error {
	f, err := os.Open(found)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := classify.StdoutPipe()
	if err != nil {
		return err
	}
	if err := classify.Start(); err != nil {
		return err
	}
	a, b := bufio.NewReader(out), bufio.NewReader(f)
	n := 0
	for {
		want, errA := a.ReadBytes('\n')
		got, errB := b.ReadBytes('\n')
		if errA == io.EOF && errB == io.EOF {
			break
		}
		if errA != nil || errB != nil {
			return fmt.Errorf("line %d: %w of classify, %w of the batch", n+1, errA, errB)
		}
		if bytes.HasPrefix(want, []byte(`{"summary"`)) && bytes.HasPrefix(got, []byte(`{"summary"`)) {
			continue
		}
		if !bytes.Equal(latency.ReplaceAll(want, nil), latency.ReplaceAll(got, nil)) {
			return fmt.Errorf("line %d: found %s, classify says %s", n+1, got, want)
		}
		n++
	}
	if err := classify.Wait(); err != nil {
		return err
	}
	fmt.Printf("%d lines are those of classify, apart from the latency\n", n)
	return nil
}
