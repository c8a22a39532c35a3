//go:build !board || fleet

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/stream"
)

// publishFlags are the flags of a stream that publishes what it finds.
type publishFlags struct {
	accessFlags
	board     string
	spool     string
	spoolMB   int64
	drop      string
	health    time.Duration
	discovery string
	take      bool
}

func (p *publishFlags) add(f *pflag.FlagSet) {
	f.StringVar(&p.URL, "publish", "", "send decisions and health to this `address`: nats://HOST:4222, tls://, mqtt://HOST:1883 or mqtts://, with /SUBJECT or /TOPIC instead of snurun.BOARD")
	p.accessFlags.add(f)
	f.StringVar(&p.board, "board", "", "`name` of this board (default: that of the machine)")
	f.StringVar(&p.spool, "spool", "", "`folder` for messages that the hub has not got yet (default: in the user's cache)")
	f.Int64Var(&p.spoolMB, "spool-mb", fleet.DefaultSpool>>20, "keep at most so many `MB` there")
	f.StringVar(&p.drop, "spool-drop", "newest", "`what` to drop if there are more: newest or oldest messages")
	f.DurationVar(&p.health, "health", 10*time.Second, "send the health of the board so often")
	f.StringVar(&p.discovery, "discovery", "homeassistant", "with MQTT, announce the board to Home Assistant below this `topic` (\"\": not)")
	f.BoolVar(&p.take, "take-models", false, "take models that an operator pushes through the hub; MODEL is replaced, MODEL.previous keeps the one before")
}

// check returns an error for values that make no sense.
func (p *publishFlags) check() error {
	switch {
	case p.spoolMB < 1 || p.spoolMB > 1<<20:
		return usagef("--spool-mb is %d, expected 1 to %d", p.spoolMB, 1<<20)
	case p.drop != "newest" && p.drop != "oldest":
		return usagef("--spool-drop is %q, expected newest or oldest", p.drop)
	case p.health < 100*time.Millisecond:
		return usagef("--health is %v, expected 100ms or more", p.health)
	case p.take && !strings.HasPrefix(p.URL, "nats:") && !strings.HasPrefix(p.URL, "tls:"):
		return usagef("--take-models needs --publish nats:// or tls://: models do not come by MQTT")
	}
	return nil
}

// publishing is a stream on its way to a hub.
type publishing struct {
	flags  publishFlags
	file   string // of the model
	p      *fleet.Publisher
	said   io.Writer
	stop   context.CancelFunc
	done   chan struct{}
	source publishSource

	lock     sync.Mutex
	selfTest string
	trial    string // id of the order whose model is on trial, empty for none
	trialEnd time.Time
}

// publishSource is what publishing knows of a stream.
type publishSource struct {
	monitor *stream.Monitor
	kernel  string
	sha256  func() string // of the model that runs
	reload  func() error  // reads the model's file again, verified
}

// trialTime is how long a model that was pushed has to run before the program may
// end with it.
const trialTime = 30 * time.Second

// Beside the file of a model: the one before, and the id of the order while a model
// is on trial.
func previousOf(file string) string { return file + ".previous" }
func trialOf(file string) string    { return file + ".trial" }

// undoTrial puts the model before back in its place where the program ended while
// one was on trial, and returns the id of its order.
func (p *publishFlags) undoTrial(file string, said io.Writer) (order string, err error) {
	if p.URL == "" || !p.take {
		return "", nil
	}
	text, err := os.ReadFile(trialOf(file))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err == nil {
		order = strings.TrimSpace(string(text))
		err = goBack(file)
	}
	if err != nil {
		return "", fmt.Errorf("a model on trial cannot be rolled back: %w", err)
	}
	fmt.Fprintf(said, "snurun: warning: the last run ended within %v of a new model: the one before is back\n", trialTime)
	return order, nil
}

// goBack exchanges a model that is on trial with the one before. Where it is cut
// short, the next start finds the trial, or it is over: never does it exchange twice.
func goBack(file string) error {
	now, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(previousOf(file))
	if err != nil {
		return fmt.Errorf("there is no model to go back to: %w", err)
	}
	if err := writeWhole(file, before); err != nil {
		return err
	}
	if err := os.Remove(trialOf(file)); err != nil {
		return err
	}
	return writeWhole(previousOf(file), now)
}

func writeWhole(file string, data []byte) error {
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// start begins to publish; it returns nil if nothing is to be. undone is the order
// whose model was rolled back.
func (p *publishFlags) start(file, undone string, source publishSource, said io.Writer) (*publishing, error) {
	if p.URL == "" {
		return nil, nil
	}
	board := p.board
	if board == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, usagef("--board is missing, and the machine has no name: %w", err)
		}
		board = fleet.BoardName(host)
	}
	if err := fleet.CheckName("board", board); err != nil {
		return nil, usagef("--board: %w", err)
	}
	spool := p.spool
	if spool == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, usagef("--spool is missing: %w", err)
		}
		spool = filepath.Join(cache, "snurun", "spool-"+board)
	}
	x := &publishing{flags: *p, file: file, said: said, source: source, done: make(chan struct{}), selfTest: "running"}
	o := fleet.PublisherOptions{
		Access: p.Access, Board: board, Spool: spool, Discovery: p.discovery,
		SpoolOptions: fleet.SpoolOptions{Bytes: p.spoolMB << 20, DropOldest: p.drop == "oldest"},
		Log:          func(line string) { fmt.Fprintf(said, "snurun: %s\n", line) },
	}
	if p.take {
		o.Obey = x.obey
	}
	var err error
	if x.p, err = fleet.NewPublisher(o); err != nil {
		if errors.Is(err, fleet.ErrURL) {
			return nil, usagef("--publish: %w", err)
		}
		return nil, err
	}
	if undone != "" {
		x.p.Report(fleet.Outcome{Order: undone, Op: fleet.Rollback, Model: source.sha256(), Error: fmt.Sprintf("the program ended within %v of the new model; the one before is back", trialTime)})
	}
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	go x.run(ctx)
	return x, nil
}

// run sends the health of the board.
func (x *publishing) run(ctx context.Context) {
	defer close(x.done)
	x.test()
	tick := time.NewTicker(x.flags.health)
	defer tick.Stop()
	start, last := time.Now(), stream.Summary{}
	at := start
	for ended := false; ; { // the last state is that of the end
		s := x.source.monitor.Summary()
		now := time.Now()
		state := fleet.State{
			Uptime: now.Sub(start).Seconds(), Steps: s.Steps, Decisions: s.Decisions, LagUS: microseconds(s.Lag),
			Temperature: temperature(), Model: x.source.sha256(), Kernel: x.source.kernel, Version: version(),
		}
		if d := now.Sub(at); d > 0 && at != start {
			state.StepsPerS, state.PerS = perSecond(s.Steps-last.Steps, d), perSecond(s.Decisions-last.Decisions, d)
		}
		last, at = s, now
		x.lock.Lock()
		state.SelfTest = x.selfTest
		if x.trial != "" && now.After(x.trialEnd) {
			x.endTrial()
		}
		x.lock.Unlock()
		x.p.Health(state)
		if ended {
			return
		}
		select {
		case <-ctx.Done():
			ended = true
		case <-tick.C:
		}
	}
}

// test runs the self-test of the model's file.
func (x *publishing) test() {
	result := "ok"
	m, err := export.ReadFile(x.file)
	if err == nil {
		err = runtime.Verify(m)
	}
	switch {
	case errors.Is(err, runtime.ErrNoSelfTest):
		result = "none"
	case err != nil:
		result = err.Error()
	}
	x.lock.Lock()
	x.selfTest = result
	x.lock.Unlock()
}

// obey carries out an order: the model proves itself before it is used, and the one
// before comes back if it does not run.
func (x *publishing) obey(_ context.Context, o fleet.Order, model []byte) fleet.Outcome {
	out := fleet.Outcome{Was: x.source.sha256()}
	err := x.change(o, model)
	if err != nil {
		out.Error = err.Error()
	}
	out.OK, out.Model = err == nil, x.source.sha256()
	return out
}

func (x *publishing) change(o fleet.Order, model []byte) error {
	x.lock.Lock()
	defer x.lock.Unlock()
	now, err := os.ReadFile(x.file)
	if err != nil {
		return err
	}
	if o.Op == fleet.Rollback {
		if model, err = os.ReadFile(previousOf(x.file)); err != nil {
			return fmt.Errorf("there is no model to go back to: %w", err)
		}
	}
	// Nothing is written before the model has proved itself.
	m, err := export.Read(strings.NewReader(string(model)))
	if err == nil {
		err = runtime.Verify(m)
	}
	if err != nil {
		return err
	}
	if o.Op == fleet.Rollback {
		return x.swap(now, model)
	}
	return x.try(o.ID, now, model)
}

// swap exchanges the model with the one before. The one that goes is written last: it
// may be the one that fails.
func (x *publishing) swap(now, before []byte) error {
	err := writeWhole(x.file, before)
	if err == nil {
		err = x.source.reload()
	}
	if err != nil {
		return errors.Join(err, writeWhole(x.file, now))
	}
	x.selfTest = "ok"
	x.endTrial()
	return writeWhole(previousOf(x.file), now)
}

// try goes on with a model, on trial. While another one is on trial, that is not one
// to go back to: the one before it stays.
func (x *publishing) try(order string, now, model []byte) error {
	before, beforeErr := os.ReadFile(previousOf(x.file))
	var err error
	if x.trial == "" {
		err = writeWhole(previousOf(x.file), now)
	}
	if err == nil {
		err = writeWhole(trialOf(x.file), []byte(order+"\n"))
	}
	if err == nil {
		err = writeWhole(x.file, model)
	}
	if err == nil {
		err = x.source.reload()
	}
	if err == nil {
		x.selfTest = "ok"
		x.trial, x.trialEnd = order, time.Now().Add(trialTime)
		return nil
	}
	// All as it was.
	back := writeWhole(x.file, now)
	switch {
	case x.trial != "":
		back = errors.Join(back, writeWhole(trialOf(x.file), []byte(x.trial+"\n")))
	case beforeErr == nil:
		back = errors.Join(back, writeWhole(previousOf(x.file), before))
	}
	if x.trial == "" {
		_ = os.Remove(trialOf(x.file))
	}
	return errors.Join(err, back)
}

// endTrial keeps the model that is on trial.
func (x *publishing) endTrial() {
	x.trial = ""
	if err := os.Remove(trialOf(x.file)); err != nil && !errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(x.said, "snurun: warning: %v\n", err)
	}
}

// decision sends a line of JSON.
func (x *publishing) decision(line []byte) {
	if x != nil {
		x.p.Decision(line)
	}
}

// on reports whether anything is published.
func (x *publishing) on() bool { return x != nil }

// The time that the end of a stream waits for the hub.
const lastWords = 5 * time.Second

// end sends the summary and waits for the hub to have everything. failed says that
// the stream ended with an error: then a model on trial is rolled back.
func (x *publishing) end(summary []byte, failed bool) error {
	if x == nil {
		return nil
	}
	x.stop()
	<-x.done
	x.lock.Lock()
	var undo error
	if x.trial != "" && !failed {
		x.endTrial()
	} else if x.trial != "" {
		if undo = goBack(x.file); undo == nil {
			x.p.Report(fleet.Outcome{Order: x.trial, Op: fleet.Rollback, Model: x.source.sha256(), Error: "the stream ended with an error; the model before is back for the next run"})
		}
	}
	x.lock.Unlock()
	x.p.Summary(summary)
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if err := x.p.Close(ctx); err != nil {
		fmt.Fprintf(x.said, "snurun: %v\n", err)
	}
	return undo
}

// temperature returns the warmest zone that Linux tells, in °C, 0 for none.
func temperature() (warmest float64) {
	zones, err := filepath.Glob("/sys/class/thermal/thermal_zone*/temp")
	if err != nil {
		return 0
	}
	for _, z := range zones {
		text, err := os.ReadFile(z)
		if err != nil {
			continue
		}
		if t, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err == nil && t < 1e6 {
			warmest = max(warmest, t/1000)
		}
	}
	return warmest
}

// publishLine makes a line of JSON for a hub.
func publishLine(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return data
}
