// Command load asks a snurun server on this machine as often as it is told, and prints
// how long answers take. What it asks with costs as little as it can, since client and
// server share the CPUs.
//
//	snurun serve testdata/mnist.msgpack &
//	go run ./internal/tools/load -rate 1000                 REST, 1,000 requests a second
//	go run ./internal/tools/load -connections 16            as many as 16 connections get
//	go run ./internal/tools/load -via grpc -rate 1000
//	go run ./internal/tools/load -via stream -connections 64 -rate 1000   steps a second each
//	go run ./internal/tools/load -via junk -count 1000000   malformed requests
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"github.com/snurun/snurun/dataset"
)

type options struct {
	url, model, via string
	rate            float64
	connections     int
	time            time.Duration
	count           int
	seed            uint64

	host   string
	digits dataset.ImageSet
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "load: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8000", "address of the server, on this machine")
	flag.StringVar(&o.model, "model", "mnist", "model, which takes digits")
	flag.StringVar(&o.via, "via", "rest", "rest, grpc, stream or junk")
	flag.Float64Var(&o.rate, "rate", 0, "requests a second of all connections, or steps a second of each stream; 0: as many as there are answers")
	flag.IntVar(&o.connections, "connections", 4, "connections")
	flag.DurationVar(&o.time, "time", 10*time.Second, "how long")
	flag.IntVar(&o.count, "count", 10_000, "malformed requests")
	flag.Uint64Var(&o.seed, "seed", 1, "of the malformed requests")
	flag.Parse()
	u, err := url.Parse(o.url)
	if err != nil {
		return err
	}
	if name := u.Hostname(); name != "127.0.0.1" && name != "localhost" && name != "::1" {
		return fmt.Errorf("-url %s: expected this machine", o.url)
	}
	o.host = u.Host
	if o.digits, err = dataset.Sample(); err != nil {
		return err
	}
	var ask func(ctx context.Context, o *options, number int) (func(i int) error, error)
	switch o.via {
	case "rest":
		ask = rest
	case "grpc":
		ask = grpc
	case "stream":
		return streams(ctx, &o)
	case "junk":
		return junk(ctx, &o)
	default:
		return fmt.Errorf("-via %q, expected rest, grpc, stream or junk", o.via)
	}
	ctx, cancel := context.WithTimeout(ctx, o.time)
	defer cancel()
	var all latencies
	var wait sync.WaitGroup
	var failed error
	var lock sync.Mutex
	start := time.Now()
	for n := range o.connections {
		one, err := ask(ctx, &o, n)
		if err != nil {
			return err
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			took, err := pace(ctx, &o, n, start, one)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, took...)
			failed = cmp.Or(failed, err)
		}()
	}
	wait.Wait()
	fmt.Printf("%s  %d connections  %.0f requests/s  %s\n", o.via, o.connections, float64(len(all))/time.Since(start).Seconds(), all)
	return failed
}

// pace asks until the time is over. At a rate, the time of an answer counts from when
// its request was due if the answer before came later than that, so that a server that
// stalls does not look fast; else from when it was sent, as a sleeper wakes late.
func pace(ctx context.Context, o *options, number int, start time.Time, ask func(i int) error) (latencies, error) {
	var took latencies
	every := time.Duration(0)
	if o.rate > 0 {
		every = time.Duration(float64(time.Second) * float64(o.connections) / o.rate)
	}
	due := start.Add(every * time.Duration(number) / time.Duration(o.connections))
	for i := 0; ctx.Err() == nil; i++ {
		if every > 0 {
			due = due.Add(every)
		} else {
			due = time.Now()
		}
		from := due
		if time.Now().Before(due) {
			if until(ctx, due) != nil {
				break
			}
			from = time.Now()
		}
		if err := ask(i*o.connections + number); err != nil {
			if ctx.Err() != nil {
				break
			}
			return took, err
		}
		took = append(took, time.Since(from))
	}
	return took, nil
}

// until waits for a time.
func until(ctx context.Context, due time.Time) error {
	if d := time.Until(due); d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// latencies are how long answers took.
type latencies []time.Duration

func (l latencies) String() string {
	if len(l) == 0 {
		return "no answers"
	}
	slices.Sort(l)
	at := func(p float64) time.Duration { return l[min(int(p*float64(len(l))), len(l)-1)].Round(time.Microsecond) }
	return fmt.Sprintf("p50 %v  p99 %v  p99.9 %v  max %v", at(0.5), at(0.99), at(0.999), l[len(l)-1].Round(time.Microsecond))
}
