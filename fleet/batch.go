package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Job is what a batch consists of: what its results are printed from. It is stored
// at the hub under its name.
type Job struct {
	Name    string    `json:"name"`
	Time    time.Time `json:"time"`
	Model   string    `json:"model"` // SHA-256 of the file
	Classes []string  `json:"classes,omitempty"`
	Chunk   int       `json:"chunk"` // samples a task
	Options
	Inputs []JobInput `json:"inputs"`
}

// JobInput is one input of a job.
type JobInput struct {
	Name    string `json:"name"`           // as the command line has it
	File    string `json:"file"`           // base name, which tells some formats
	Path    string `json:"path,omitempty"` // where all workers find it; empty: at the hub
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Samples int    `json:"samples"`
	Labels  []int  `json:"labels,omitempty"` // −1 where none is known
}

// The limits of a job.
const (
	MaxJobSamples = 100_000_000
	maxJobBytes   = 256 << 20 // of the stored Job
	// MaxInput bounds an input that travels through the hub.
	MaxInput = 4 << 30
)

// Tasks calls yield with every task of a job, in order: input by input, sample by
// sample.
func (j *Job) Tasks(yield func(input int, t Task) bool) {
	for i := range j.Inputs {
		in := &j.Inputs[i]
		for from := 0; from < in.Samples; from += j.Chunk {
			t := Task{
				Job: j.Name, Model: j.Model, Input: in.SHA256, Name: in.File, Path: in.Path, Size: in.Size,
				From: from, To: min(from+j.Chunk, in.Samples), Options: j.Options,
			}
			t.Key = t.key()
			if !yield(i, t) {
				return
			}
		}
	}
}

// key is the digest of everything that the result depends on.
func (t *Task) key() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %q %d %d %d %d %v", t.Model, t.Input, t.Name, t.From, t.To, t.Seed, t.Options.Steps, t.Margin)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// check refuses what a worker should not act on.
func (t *Task) check() error {
	switch {
	case CheckName("job", t.Job) != nil:
		return CheckName("job", t.Job)
	case !isDigest(t.Model) || !isDigest(t.Input):
		return fmt.Errorf("found digests %q and %q, expected SHA-256", t.Model, t.Input)
	case t.From < 0 || t.To <= t.From || t.To-t.From > maxChunk || t.To > MaxJobSamples:
		return fmt.Errorf("found samples %d to %d, expected 1 to %d", t.From, t.To, maxChunk)
	case t.Size < 1 || t.Size > MaxInput:
		return fmt.Errorf("found an input of %d bytes, expected 1 to %d", t.Size, int64(MaxInput))
	case t.Key != t.key():
		return fmt.Errorf("found key %q, expected %s", t.Key, t.key())
	case t.Margin-t.Margin != 0 || t.Margin < 0 || t.Options.Steps < 0 || t.Options.Steps > 1<<20:
		return fmt.Errorf("found margin %v and %d steps", t.Margin, t.Options.Steps)
	}
	return nil
}

// maxChunk bounds the samples of a task: their results make one message.
const maxChunk = 10_000

// Check returns an error for a job that nobody can work on.
func (j *Job) Check() error {
	if err := CheckName("job", j.Name); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if j.Chunk < 1 || j.Chunk > maxChunk {
		return fmt.Errorf("fleet: job %s: %d samples a task, expected 1 to %d", j.Name, j.Chunk, maxChunk)
	}
	total := 0
	for i := range j.Inputs {
		in := &j.Inputs[i]
		if in.Samples < 1 || in.Samples > MaxJobSamples || in.Labels != nil && len(in.Labels) != in.Samples {
			return fmt.Errorf("fleet: job %s: input %q has %d samples and %d labels, expected 1 to %d and as many labels or none", j.Name, in.Name, in.Samples, len(in.Labels), MaxJobSamples)
		}
		if total += in.Samples; total > MaxJobSamples {
			return fmt.Errorf("fleet: job %s has more than %d samples", j.Name, MaxJobSamples)
		}
	}
	if total == 0 {
		return fmt.Errorf("fleet: job %s has no samples", j.Name)
	}
	return nil
}

// Batches submits jobs and reads their results. NewBatches makes one.
type Batches struct {
	nc  *nats.Conn
	js  jetstream.JetStream
	api api
}

// NewBatches returns a client for batches.
func NewBatches(nc *nats.Conn) (*Batches, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return &Batches{nc, js, api{nc, ownAPI}}, nil
}

// Store puts data into a bucket at the hub and returns their digest.
func (b *Batches) Store(ctx context.Context, bucket string, data []byte) (string, error) {
	return Store(ctx, b.js, bucket, data)
}

// ErrOtherJob is the error of a job whose name another job has.
var ErrOtherJob = errors.New("fleet: another job has this name")

// Submit stores a job and queues its tasks, but for those that have a result or
// wait already; so what was interrupted, or failed, can be submitted again. Model and
// recordings are stored before. tell is called with how many tasks of how many were
// looked at.
func (b *Batches) Submit(ctx context.Context, j *Job, tell func(done, of int)) error {
	if err := j.Check(); err != nil {
		return err
	}
	store, err := b.js.ObjectStore(ctx, JobBucket)
	if err != nil {
		return noBucket(JobBucket, err)
	}
	old, err := b.Job(ctx, j.Name)
	switch {
	case err == nil:
		a, c := *old, *j
		a.Time, c.Time = time.Time{}, time.Time{}
		x, errX := json.Marshal(a)
		y, errY := json.Marshal(c)
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			return fmt.Errorf("%w: %s has model %.12s and %d inputs; choose another name", ErrOtherJob, j.Name, old.Model, len(old.Inputs))
		}
	case errors.Is(err, ErrNoJob):
		data, err := json.Marshal(j)
		if err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
		if len(data) > maxJobBytes {
			return fmt.Errorf("fleet: job %s takes %d bytes to describe, expected at most %d; make several", j.Name, len(data), maxJobBytes)
		}
		if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: j.Name, Metadata: j.metadata()}, bytes.NewReader(data)); err != nil {
			return fmt.Errorf("fleet: job %s: %w", j.Name, full(err))
		}
	default:
		return err
	}
	if err := b.keep(ctx, j); err != nil {
		return err
	}
	have, err := b.Have(ctx, j.Name)
	if err != nil {
		return err
	}
	// What failed gets another chance.
	if _, err := b.purge(ctx, ResultStream, "snurun.failure."+j.Name+".*", 0); err != nil {
		return err
	}
	total := 0
	for range j.Tasks {
		total++
	}
	done := 0
	for _, t := range j.Tasks {
		if !have[t.Key] {
			if err := b.queue(ctx, &t); err != nil {
				return err
			}
		}
		done++
		tell(done, total)
	}
	return nil
}

// keep renews a job that is stored, and what it needs: somebody may be about to remove
// the job, and while nothing needed it, what it needs may have been removed.
func (b *Batches) keep(ctx context.Context, j *Job) error {
	check := func(bucket, digest string) error {
		_, err := renew(ctx, b.js, bucket, digest)
		if errors.Is(err, ErrNoObject) {
			err = fmt.Errorf("%w; submit job %s again", err, j.Name)
		}
		return err
	}
	err := check(JobBucket, j.Name)
	if err == nil {
		err = check(ModelBucket, j.Model)
	}
	for i := range j.Inputs {
		if in := &j.Inputs[i]; err == nil && in.Path == "" {
			err = check(InputBucket, in.SHA256)
		}
	}
	return err
}

// Codes of jetstream.APIError.
const (
	codeNoStorage = 10047 // the store as a whole
	codeFull      = 10077 // a stream
)

// full says what to do where a stream or a bucket is full.
func full(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: the hub has no room for more of a batch; 'snurun batch rm' removes jobs, 'snurun-hub --batch-mb' allows more", err)
	}
	return err
}

func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == codeFull || api.ErrorCode == codeNoStorage)
}

// queue queues a task unless it waits already.
func (b *Batches) queue(ctx context.Context, t *Task) error {
	data, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	subject := "snurun.task." + t.Job + "." + t.Key
	return patiently(ctx, func() error {
		_, err := b.js.Publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(0))
		if wrongLast(err) {
			return nil
		}
		return full(err)
	})
}

func wrongLast(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == codeWrongLastSeq || api.ErrorCode == codeWrongLastAny)
}

// patiently tries something again where the hub is away, or full, for up to ten
// minutes.
func patiently(ctx context.Context, try func() error) error {
	pause := shortestPause
	begun := time.Now()
	for {
		err := try()
		if err == nil || ctx.Err() != nil || time.Since(begun) > 10*time.Minute ||
			errors.Is(err, nats.ErrPermissionViolation) || errors.Is(err, ErrRefused) || errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrConnectionClosed) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// ErrNoJob is the error of a job that the hub does not know.
var ErrNoJob = errors.New("fleet: there is no such job")

// Job returns a job by its name.
func (b *Batches) Job(ctx context.Context, name string) (*Job, error) {
	if err := CheckName("job", name); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	data, err := b.jobText(ctx, name)
	if err != nil {
		return nil, err
	}
	j := new(Job)
	if err := json.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("fleet: job %s: %w", name, err)
	}
	if j.Name != name {
		return nil, fmt.Errorf("fleet: job %s calls itself %q", name, j.Name)
	}
	return j, j.Check()
}

// jobText returns a job as it is stored.
func (b *Batches) jobText(ctx context.Context, name string) ([]byte, error) {
	store, err := b.js.ObjectStore(ctx, JobBucket)
	if err != nil {
		return nil, noBucket(JobBucket, err)
	}
	r, err := store.Get(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, fmt.Errorf("%w: %q", ErrNoJob, name)
	}
	if err != nil {
		return nil, fmt.Errorf("fleet: job %s: %w", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxJobBytes+1))
	if err != nil {
		return nil, fmt.Errorf("fleet: job %s: %w", name, err)
	}
	if len(data) > maxJobBytes {
		return nil, fmt.Errorf("fleet: job %s takes more than %d bytes", name, maxJobBytes)
	}
	return data, nil
}

// Have returns the keys of the tasks of a job that have a result.
func (b *Batches) Have(ctx context.Context, job string) (map[string]bool, error) {
	return b.keys(ctx, "snurun.result."+job+".")
}

// Failed returns the keys of the tasks of a job that failed; those that have a result
// all the same are among them.
func (b *Batches) Failed(ctx context.Context, job string) (map[string]bool, error) {
	return b.keys(ctx, "snurun.failure."+job+".")
}

// keys returns what stands behind a prefix in the subjects of results.
func (b *Batches) keys(ctx context.Context, prefix string) (map[string]bool, error) {
	s, err := b.js.Stream(ctx, ResultStream)
	if err != nil {
		return nil, notThere("stream", ResultStream, err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(prefix+">"))
	if err != nil {
		return nil, fmt.Errorf("fleet: stream %s: %w", ResultStream, err)
	}
	have := make(map[string]bool, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		have[subject[len(prefix):]] = true
	}
	return have, nil
}

// Result returns the result of a task.
func (b *Batches) Result(ctx context.Context, t *Task) (*Result, error) {
	return b.api.result(ctx, t)
}

func (a *api) result(ctx context.Context, t *Task) (*Result, error) {
	m, err := a.get(ctx, ResultStream, map[string]any{"last_by_subj": "snurun.result." + t.Job + "." + t.Key})
	if err != nil {
		return nil, err
	}
	r := new(Result)
	if err := decode("result", m.Data, r); err != nil {
		return nil, err
	}
	if r.Key != t.Key || len(r.Samples) != t.To-t.From {
		return nil, fmt.Errorf("fleet: result of %q with %d samples, expected %d of %s", r.Key, len(r.Samples), t.To-t.From, t.Key)
	}
	return r, nil
}

// Failure returns why a task failed, ErrNoMessage if it did not.
func (b *Batches) Failure(ctx context.Context, t *Task) (*Failure, error) {
	m, err := b.api.get(ctx, ResultStream, map[string]any{"last_by_subj": "snurun.failure." + t.Job + "." + t.Key})
	if err != nil {
		return nil, err
	}
	f := new(Failure)
	return f, decode("failure", m.Data, f)
}

// Waits reports whether a task is queued, or is being worked on.
func (b *Batches) Waits(ctx context.Context, t *Task) (bool, error) {
	_, err := b.api.get(ctx, TaskStream, map[string]any{"last_by_subj": "snurun.task." + t.Job + "." + t.Key})
	if errors.Is(err, ErrNoMessage) {
		return false, nil
	}
	return err == nil, err
}

// Disagreements returns the disagreements of a job, at most 1,000.
func (b *Batches) Disagreements(ctx context.Context, job string) (all []Disagreement, err error) {
	for seq := uint64(1); len(all) < 1000; seq++ {
		m, err := b.api.get(ctx, DisagreeStream, map[string]any{"seq": seq, "next_by_subj": "snurun.disagreement." + job + ".*"})
		if errors.Is(err, ErrNoMessage) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var d Disagreement
		if err := decode("disagreement", m.Data, &d); err == nil && d.First != nil && d.Second != nil {
			all = append(all, d)
		}
		if seq, err = sequence(m); err != nil {
			return nil, err
		}
	}
	return all, nil
}
