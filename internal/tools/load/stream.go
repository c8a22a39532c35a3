package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// stepsAMessage is how many time steps go out at once, every ten milliseconds.
const stepsAMessage = 10

// streams opens WebSockets, sends each steps of spikes at the rate, and measures how
// long after the last step of a window its decision comes.
func streams(ctx context.Context, o *options) error {
	if o.rate <= 0 {
		return errors.New("-via stream needs a -rate of steps a second")
	}
	ctx, cancel := context.WithTimeout(ctx, o.time+10*time.Second)
	defer cancel()
	var all latencies
	var late int
	var failed error
	var lock sync.Mutex
	var wait sync.WaitGroup
	start := time.Now()
	for n := range o.connections {
		wait.Go(func() {
			took, behind, err := one(ctx, o, n)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, took...)
			late += behind
			failed = cmp.Or(failed, err)
		})
	}
	wait.Wait()
	elapsed := time.Since(start).Seconds()
	fmt.Printf("stream  %d streams  %.0f decisions/s  %s  %d messages sent late\n", o.connections, float64(len(all))/elapsed, all, late)
	return failed
}

func one(ctx context.Context, o *options, number int) (took latencies, late int, err error) {
	address := fmt.Sprintf("%s/v2/models/%s/stream?window=%d", o.url, o.model, stepsAMessage)
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, 0, err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	every := time.Duration(float64(time.Second) * stepsAMessage / o.rate)
	count := int(o.time / every)
	sent := make([]time.Time, count)
	var lock sync.Mutex
	done := make(chan error, 1)
	go func() {
		for {
			_, text, err := conn.Read(ctx)
			if err != nil {
				done <- err
				return
			}
			var line struct {
				Window  *int
				Summary json.RawMessage
				Error   string
			}
			if err := json.Unmarshal(text, &line); err != nil {
				done <- err
				return
			}
			switch {
			case line.Error != "":
				done <- errors.New(line.Error)
				return
			case line.Window != nil && *line.Window < count:
				lock.Lock()
				took = append(took, time.Since(sent[*line.Window]))
				full := len(took) == count
				lock.Unlock()
				if full {
					done <- nil
					return
				}
			}
		}
	}()
	r := rand.New(rand.NewPCG(o.seed, uint64(number)))
	message := steps(r)
	due := time.Now().Add(every * time.Duration(number) / time.Duration(o.connections))
	for i := range count {
		due = due.Add(every)
		if err := until(ctx, due); err != nil {
			return took, late, err
		}
		if time.Since(due) > every {
			late++
		}
		lock.Lock()
		sent[i] = due
		lock.Unlock()
		if err := conn.Write(ctx, websocket.MessageText, message); err != nil {
			return took, late, err
		}
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		err = fmt.Errorf("%d of %d decisions: %w", len(took), count, ctx.Err())
	}
	return took, late, err
}

// steps is a message: lines of the channels that spike, about 15 of 784 a step.
func steps(r *rand.Rand) []byte {
	var b strings.Builder
	for range stepsAMessage {
		for i := range 15 {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strconv.Itoa(r.IntN(52) + 52*i))
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
