package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

func boards(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("boards", flag.ContinueOnError)
	binary := f.String("hub", "./snurun-hub", "the hub's binary")
	n := f.Int("boards", 100, "boards")
	rate := f.Int("rate", 100, "decisions a board and second")
	length := f.Duration("time", 10*time.Minute, "how long they publish")
	store := f.String("store", "", "folder for everything; empty: a temporary one")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*store, "fleetrun-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	hub, err := newHub(*binary, filepath.Join(dir, "store"), dir)
	if err != nil {
		return err
	}
	defer hub.kill()
	url := "nats://" + hub.address
	var all []*fleet.Publisher
	for i := range *n {
		p, err := fleet.NewPublisher(fleet.PublisherOptions{Access: fleet.Access{URL: url}, Board: fmt.Sprint("b", i), Spool: filepath.Join(dir, "spool", strconv.Itoa(i)), Log: func(line string) {
			if strings.HasPrefix(line, "no connection") {
				fmt.Printf("b%d: %s\n", i, line)
			}
		}})
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	begun := time.Now()
	sent := make([]int, *n)
	running, stop := context.WithTimeout(ctx, *length)
	defer stop()
	var wait sync.WaitGroup
	for i, p := range all {
		wait.Go(func() {
			tick := time.NewTicker(time.Second / time.Duration(*rate))
			defer tick.Stop()
			for {
				select {
				case <-running.Done():
					return
				case <-tick.C:
				}
				// As many as are due, whatever the ticker left out.
				for due := int(time.Since(begun).Seconds() * float64(*rate)); sent[i] < due && sent[i] < int(length.Seconds())**rate; sent[i]++ {
					p.Decision(fmt.Appendf(nil, `{"window":%d,"step":%d,"t_us":%d,"time":"2026-01-01T00:00:00.000Z","class":7,"name":"7","scores":[0,0,1,0,0,0,0,10,0,1],"steps":10,"events":88,"lead":9,"margin":9,"latency_us":16.164}`, sent[i], 10*sent[i]+9, 10000*sent[i]))
					if sent[i]%(10**rate) == 0 {
						p.Health(fleet.State{Decisions: int64(sent[i])})
					}
				}
			}
		})
	}
	pid := hub.cmd.Process.Pid
	fmt.Println("time     hub CPU   hub memory  waiting in spools")
	tick := time.NewTicker(*length / 10)
	last, at := cpu(pid), begun
	for range 10 {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		now, used := time.Now(), cpu(pid)
		waiting := int64(0)
		for _, p := range all {
			waiting += p.Waiting().Pending
		}
		fmt.Printf("%-8v %5.1f %%   %6.1f MB   %d\n", time.Since(begun).Round(time.Second), 100*(used-last).Seconds()/now.Sub(at).Seconds(), resident(pid), waiting)
		last, at = used, now
	}
	wait.Wait()
	ending, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // of a machine that is busy
	defer cancel()
	total := 0
	for i, p := range all {
		if dropped := p.Waiting().Dropped; dropped > 0 {
			return fmt.Errorf("board %d dropped %d", i, dropped)
		}
		if err := p.Close(ending); err != nil {
			return fmt.Errorf("board %d: %w", i, err)
		}
		total += sent[i]
	}
	fmt.Printf("%d decisions of %d boards were sent in %v; the hub took %.1f %% of a CPU on average\n", total, *n, time.Since(begun).Round(time.Second), 100*cpu(pid).Seconds()/time.Since(begun).Seconds())
	js, end, err := streams(url)
	if err != nil {
		return err
	}
	defer end()
	for i := range *n {
		if err := check(context.Background(), js, fmt.Sprint("b", i), sent[i]); err != nil {
			return err
		}
	}
	fmt.Println("every decision is in its stream, once, in order")
	return hub.end()
}

// check reads the stream of a board.
func check(ctx context.Context, js jetstream.JetStream, board string, want int) error {
	c, err := js.OrderedConsumer(ctx, fleet.StreamOf(fleet.Prefix(board)), jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("%s: %w", board, err)
	}
	messages, err := c.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for k := range want {
		m, err := messages.Next(jetstream.NextMaxWait(20 * time.Second))
		if err != nil {
			return fmt.Errorf("%s: %d of %d decisions: %w", board, k, want, err)
		}
		var d struct{ Window int }
		if err := json.Unmarshal(m.Data(), &d); err != nil || d.Window != k {
			return fmt.Errorf("%s: found decision %d, expected %d (%v)", board, d.Window, k, err)
		}
	}
	if m, err := messages.Next(jetstream.NextMaxWait(50 * time.Millisecond)); err == nil {
		return fmt.Errorf("%s: found %s behind the last decision", board, m.Data())
	} else if err != nats.ErrTimeout {
		return err
	}
	return nil
}

// cpu returns what a process has used of the processor, as Linux counts.
func cpu(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // 100 ticks a second
}

// resident returns the memory of a process, in MB.
func resident(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		pages, _ := strconv.ParseFloat(fields[1], 64)
		return pages * float64(os.Getpagesize()) / 1e6
	}
	return 0
}
