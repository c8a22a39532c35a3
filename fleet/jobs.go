package fleet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// JobInfo is what the hub knows of a job without reading it.
type JobInfo struct {
	Name   string
	Stored time.Time // by the hub's clock
}

// Jobs returns all jobs, the oldest first.
func (b *Batches) Jobs(ctx context.Context) ([]JobInfo, error) {
	objects, err := b.objects(ctx, JobBucket)
	if err != nil {
		return nil, err
	}
	jobs := make([]JobInfo, 0, len(objects))
	for _, o := range objects {
		jobs = append(jobs, JobInfo{o.Name, o.ModTime})
	}
	slices.SortFunc(jobs, func(a, c JobInfo) int {
		if n := a.Stored.Compare(c.Stored); n != 0 {
			return n
		}
		return strings.Compare(a.Name, c.Name)
	})
	return jobs, nil
}

// objects lists a bucket.
func (b *Batches) objects(ctx context.Context, bucket string) ([]*jetstream.ObjectInfo, error) {
	store, err := b.js.ObjectStore(ctx, bucket)
	if err != nil {
		return nil, noBucket(bucket, err)
	}
	objects, err := store.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil, fmt.Errorf("fleet: bucket %s: %w", bucket, err)
	}
	return objects, nil
}

func noBucket(bucket string, err error) error {
	return fmt.Errorf("fleet: bucket %s: %w; try 'snurun fleet setup'", bucket, err)
}

// Remove removes a job: its tasks, its results, and the recordings and models that
// neither another job nor an order for a board needs. It needs the rights of an
// operator.
func (b *Batches) Remove(ctx context.Context, name string) error {
	if err := CheckName("job", name); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	store, err := b.js.ObjectStore(ctx, JobBucket)
	if err != nil {
		return noBucket(JobBucket, err)
	}
	if _, err := store.GetInfo(ctx, name); err != nil {
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			err = fmt.Errorf("%w: %q", ErrNoJob, name)
		}
		return err
	}
	needs, err := b.needs(ctx, name)
	if err != nil {
		needs = nil // a job that cannot be read can still be removed
	}
	// The job goes last: what is cut short can be done again.
	for _, p := range []struct{ stream, subject string }{
		{TaskStream, "snurun.task." + name + ".*"},
		{ResultStream, "snurun.result." + name + ".*"},
		{ResultStream, "snurun.failure." + name + ".*"},
		{DisagreeStream, "snurun.disagreement." + name + ".*"},
	} {
		if err := b.purge(ctx, p.stream, p.subject); err != nil {
			return err
		}
	}
	if err := b.discard(ctx, store, JobBucket, name); err != nil {
		return err
	}
	return b.sweep(ctx, needs)
}

// Expire removes the jobs that have been at the hub for longer than age, and what
// was stored for jobs that never came. It returns the names of those jobs.
func (b *Batches) Expire(ctx context.Context, age time.Duration) (removed []string, err error) {
	jobs, err := b.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if time.Since(j.Stored) < age {
			continue
		}
		if err := b.Remove(ctx, j.Name); err != nil && !errors.Is(err, ErrNoJob) {
			return removed, fmt.Errorf("job %s: %w", j.Name, err)
		}
		removed = append(removed, j.Name)
	}
	return removed, b.sweep(ctx, nil)
}

// purge removes the messages of a subject.
func (b *Batches) purge(ctx context.Context, stream, subject string) error {
	s, err := b.js.Stream(ctx, stream)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(subject))
	}
	if err != nil {
		return fmt.Errorf("fleet: stream %s: %w", stream, err)
	}
	return nil
}

// discard deletes an object, and the mark that it was there.
func (b *Batches) discard(ctx context.Context, store jetstream.ObjectStore, bucket, object string) error {
	if err := store.Delete(ctx, object); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("fleet: bucket %s: %w", bucket, err)
	}
	return b.purge(ctx, "OBJ_"+bucket, "$O."+bucket+".M."+base64.URLEncoding.EncodeToString([]byte(object)))
}

// needs returns the digests of what a job needs.
func (b *Batches) needs(ctx context.Context, job string) (map[string]bool, error) {
	data, err := b.jobText(ctx, job)
	if err != nil {
		return nil, err
	}
	var j struct {
		Model  string `json:"model"`
		Inputs []struct {
			SHA256 string `json:"sha256"`
		} `json:"inputs"`
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("fleet: job %s: %w", job, err)
	}
	needs := map[string]bool{j.Model: true}
	for _, in := range j.Inputs {
		needs[in.SHA256] = true
	}
	return needs, nil
}

// submitTime is how long what is stored may wait for the job that needs it.
const submitTime = 24 * time.Hour

// sweep deletes the models and recordings that nothing needs, if they are among
// those that are given up or have waited for a job for too long.
func (b *Batches) sweep(ctx context.Context, given map[string]bool) error {
	for _, bucket := range []string{InputBucket, ModelBucket} {
		objects, err := b.objects(ctx, bucket)
		if err != nil {
			return err
		}
		var old []string
		for _, o := range objects {
			if given[o.Name] || time.Since(o.ModTime) > submitTime {
				old = append(old, o.Name)
			}
		}
		if len(old) == 0 {
			continue
		}
		needed, err := b.needed(ctx)
		if err != nil {
			return err
		}
		store, err := b.js.ObjectStore(ctx, bucket)
		if err != nil {
			return noBucket(bucket, err)
		}
		for _, digest := range old {
			if needed[digest] {
				continue
			}
			if err := b.discard(ctx, store, bucket, digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// needed returns the digests of what all jobs, and the newest orders, need.
func (b *Batches) needed(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	jobs, err := b.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		needs, err := b.needs(ctx, j.Name)
		if errors.Is(err, ErrNoJob) {
			continue // it went away meanwhile
		}
		if err != nil {
			return nil, err
		}
		for d := range needs {
			all[d] = true
		}
	}
	for seq := uint64(1); ; seq++ {
		m, err := b.api.get(ctx, CommandStream, map[string]any{"seq": seq, "next_by_subj": "snurun.*." + Command})
		if errors.Is(err, ErrNoMessage) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var o Order
		if decode("order", m.Data, &o) == nil {
			all[o.Model] = true
		}
		if seq, err = sequence(m); err != nil {
			return nil, err
		}
	}
}
