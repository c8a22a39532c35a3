//go:build !board || fleet

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/runtime"
)

func newBatchWork() *cobra.Command {
	var a accessFlags
	var name, cache string
	var threads int
	cmd := &cobra.Command{
		Use:   "work",
		Short: "Work on batches until Ctrl-C",
		Long: `work takes tasks from the hub, classifies their samples and stores what it found,
until Ctrl-C or SIGTERM; tasks that were begun go back. It fetches models and
recordings as they are needed, checks their SHA-256, and keeps the last ones.

Every model proves itself by its self-test first: a machine that does not compute
what the trainer computed refuses to work. Where a task was done twice, both results
must be the same, and 'snurun batch status' names the workers where they are not.`,
		Example: "  snurun batch work --hub nats://hub:4222 --credentials w1.credentials --name w1",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if threads < 1 || threads > 1024 {
				return usagef("--threads is %d, expected 1 to 1024", threads)
			}
			if name == "" {
				host, err := os.Hostname()
				if err != nil {
					return usagef("--name is missing, and the machine has no name: %w", err)
				}
				name = fleet.BoardName(host)
			}
			if err := fleet.CheckName("worker", name); err != nil {
				return usagef("--name: %w", err)
			}
			return work(cmd, a, name, cache, threads)
		},
	}
	a.hub(cmd)
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "`name` of this worker, that of its user at the hub (default: that of the machine)")
	f.StringVar(&cache, "cache", "", "`folder` for a folder of recordings while it runs (default: that for temporary files)")
	f.IntVar(&threads, "threads", goruntime.GOMAXPROCS(0), "work on `N` tasks at once")
	return cmd
}

func work(cmd *cobra.Command, a accessFlags, name, cache string, threads int) error {
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	dir, err := os.MkdirTemp(cache, "snurun-work-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	nc, err := fleet.Connect(a.Access, name)
	if err != nil {
		if errors.Is(err, fleet.ErrURL) {
			return usagef("--hub: %w", err)
		}
		return err
	}
	defer nc.Close()
	said := &shared{w: cmd.ErrOrStderr()}
	log := func(line string) { fmt.Fprintf(said, "snurun: %s\n", line) }
	d := &doer{nc: nc, dir: dir, models: map[string]*heldModel{}, inputs: map[string]*heldInput{}, broken: stop}
	log(fmt.Sprintf("worker %s for %s: %d %s, kernels %s", name, a.URL, threads, plural(threads, "thread"), asm.Tier()))
	w := &fleet.Worker{Name: name, Tasks: threads, Do: d.do, Kernel: asm.Tier(), Log: log}
	if err := w.Work(ctx, nc); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil && cmd.Context().Err() == nil {
		return err
	}
	log(fmt.Sprintf("%d tasks, %d samples", d.tasks, d.samples))
	return nil
}

// doer works on tasks and keeps what they need.
type doer struct {
	nc     *nats.Conn
	dir    string
	broken func(error) // ends the worker

	lock    sync.Mutex
	models  map[string]*heldModel
	inputs  map[string]*heldInput
	clock   int64
	tasks   int64
	samples int64
}

type heldModel struct {
	once sync.Once
	e    *evaluate.Evaluator
	err  error
	used int64
}

type heldInput struct {
	once   sync.Once
	source dataset.Source
	err    error
	used   int64
}

// heldAtOnce is how many models, and inputs, a worker keeps beyond those in use.
const heldAtOnce = 4

// do works on a task.
func (d *doer) do(ctx context.Context, t fleet.Task) ([]fleet.Said, error) {
	e, err := d.model(ctx, t)
	if err != nil {
		return nil, err
	}
	source, err := d.input(ctx, t, e)
	if err != nil {
		return nil, err
	}
	if t.To > source.Len() {
		return nil, fmt.Errorf("%s has %d samples, expected %d or more", t.Name, source.Len(), t.To)
	}
	set := evaluate.Set{Source: source, Steps: t.Options.Steps, Draw: t.Seed}
	for i := t.From; i < t.To; i++ {
		set.Indices = append(set.Indices, i)
	}
	var said []fleet.Said
	for out, err := range e.Samples(ctx, set, evaluate.Options{Threads: 1, Margin: t.Margin, Timed: true}) {
		if ctx.Err() != nil {
			return nil, fleet.ErrLater
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		r := &out.Result
		said = append(said, fleet.Said{
			Class: r.Class, Scores: append([]float32(nil), r.Scores...), Steps: r.Steps,
			Spikes: out.Stats.TotalSpikes(), SynOps: out.Stats.TotalSynOps(), Latency: microseconds(out.Latency),
		})
	}
	d.lock.Lock()
	d.tasks++
	d.samples += int64(len(said))
	d.lock.Unlock()
	return said, nil
}

// model returns the evaluator of a model, which proved itself.
func (d *doer) model(ctx context.Context, t fleet.Task) (*evaluate.Evaluator, error) {
	d.lock.Lock()
	h := d.models[t.Model]
	if h == nil {
		h = new(heldModel)
		d.models[t.Model] = h
		if len(d.models) > heldAtOnce {
			oldest := ""
			for k, m := range d.models {
				if k != t.Model && (oldest == "" || m.used < d.models[oldest].used) {
					oldest = k
				}
			}
			delete(d.models, oldest)
		}
	}
	d.clock++
	h.used = d.clock
	d.lock.Unlock()
	h.once.Do(func() {
		var data []byte
		if data, h.err = d.fetch(ctx, fleet.ModelBucket, t.Model, 0); h.err != nil {
			return
		}
		m, err := export.Read(bytes.NewReader(data))
		if err == nil {
			err = runtime.Verify(m)
		}
		var net *runtime.Network
		if err == nil {
			net, err = runtime.Compile(m)
		}
		if errors.Is(err, runtime.ErrSelfTest) {
			d.broken(fmt.Errorf("this machine does not compute what model %.12s says: %w", t.Model, err))
			err = fleet.ErrLater
		}
		if h.err = err; err == nil {
			h.e = evaluate.New(net)
		}
	})
	if h.err != nil {
		d.lock.Lock()
		if d.models[t.Model] == h {
			delete(d.models, t.Model) // another task tries again
		}
		d.lock.Unlock()
	}
	return h.e, h.err
}

// fetch reads an object; that the hub is away is no fault of the task. size 0 stands
// for whatever it has.
func (d *doer) fetch(ctx context.Context, bucket, digest string, size int64) ([]byte, error) {
	data, err := fleet.Fetch(ctx, d.nc, bucket, digest, size)
	if err != nil && !errors.Is(err, fleet.ErrRefused) {
		err = fmt.Errorf("%w: %w", fleet.ErrLater, err)
	}
	return data, err
}

// input returns the samples of an input.
func (d *doer) input(ctx context.Context, t fleet.Task, e *evaluate.Evaluator) (dataset.Source, error) {
	key := t.Model + t.Input + t.Name + t.Path
	d.lock.Lock()
	h := d.inputs[key]
	if h == nil {
		h = new(heldInput)
		d.inputs[key] = h
		if len(d.inputs) > heldAtOnce {
			oldest := ""
			for k, in := range d.inputs {
				if k != key && (oldest == "" || in.used < d.inputs[oldest].used) {
					oldest = k
				}
			}
			delete(d.inputs, oldest)
		}
	}
	d.clock++
	h.used = d.clock
	d.lock.Unlock()
	h.once.Do(func() { h.source, h.err = d.open(ctx, t, e) })
	if h.err != nil {
		d.lock.Lock()
		if d.inputs[key] == h {
			delete(d.inputs, key)
		}
		d.lock.Unlock()
	}
	return h.source, h.err
}

// open opens an input as classify does: the file that all share, or a copy.
func (d *doer) open(ctx context.Context, t fleet.Task, e *evaluate.Evaluator) (dataset.Source, error) {
	files := dataset.Opener{Network: e.Network().Model()}
	if t.Path != "" {
		digest, err := digestOf(t.Path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", fleet.ErrLater, err)
		}
		if digest != t.Input {
			return nil, fmt.Errorf("%w: %s has SHA-256 %s here, expected %s", fleet.ErrLater, t.Path, digest, t.Input)
		}
		return files.Open(t.Path)
	}
	data, err := d.fetch(ctx, fleet.InputBucket, t.Input, t.Size)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(d.dir, "input-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fleet.ErrLater, err)
	}
	defer os.RemoveAll(dir) // samples are in memory once it is open
	// The name tells some formats; of a name from the network, letters are left.
	path := filepath.Join(dir, "input"+strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '_'
	}, filepath.Base(t.Name)))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, fmt.Errorf("%w: %w", fleet.ErrLater, err)
	}
	return files.Open(path)
}
