package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
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

func noBucket(bucket string, err error) error { return notThere("bucket", bucket, err) }

// notThere says what to do where a stream or a bucket does not answer.
func notThere(kind, name string, err error) error {
	try := "'snurun fleet setup' makes it"
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		try = "these credentials may not ask for it, the hub is busy, or a server of a cluster went away: look at the credentials, or try again in some seconds"
	}
	return fmt.Errorf("fleet: %s %s: %w; %s", kind, name, err, try)
}

// Remove removes a job: its tasks, its results, and the recordings and models that
// neither another job nor an order for a board needs. It needs the rights of an
// operator.
func (b *Batches) Remove(ctx context.Context, name string) error {
	needs, err := b.remove(ctx, name)
	if err != nil {
		return err
	}
	if err := b.sweep(ctx, needs); err != nil {
		return fmt.Errorf("job %s is removed, but not all that it alone needed: %w", name, err)
	}
	return nil
}

// remove removes a job without what it needs, which it returns.
func (b *Batches) remove(ctx context.Context, name string) (needs map[string]bool, err error) {
	if err := CheckName("job", name); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	o, err := b.api.object(ctx, JobBucket, name)
	if errors.Is(err, ErrNoObject) {
		return nil, fmt.Errorf("%w: %q", ErrNoJob, name)
	}
	if err != nil {
		return nil, noBucket(JobBucket, err)
	}
	if needs, err = b.needs(ctx, name, o.Metadata); err != nil {
		needs = nil // a job that cannot be read can still be removed
	}
	// The job goes last: what is cut short can be done again.
	for _, p := range []struct{ stream, subject string }{
		{TaskStream, "snurun.task." + name + ".*"},
		{ResultStream, "snurun.result." + name + ".*"},
		{ResultStream, "snurun.failure." + name + ".*"},
		{DisagreeStream, "snurun.disagreement." + name + ".*"},
	} {
		if _, err := b.purge(ctx, p.stream, p.subject, 0); err != nil {
			return nil, err
		}
	}
	return needs, b.discard(ctx, unused{JobBucket, name, o.NUID, o.seq})
}

// Expire removes the jobs that have been at the hub for longer than age, and what
// was stored for jobs that never came. It returns the names of those jobs. What cannot
// be removed keeps nothing else from it, but models and recordings stay as long as there
// is a job of which nobody can tell what it needs.
func (b *Batches) Expire(ctx context.Context, age time.Duration) (removed []string, err error) {
	jobs, err := b.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, j := range jobs {
		if time.Since(j.Stored) < age || ctx.Err() != nil {
			continue
		}
		needs, e := b.remove(ctx, j.Name)
		if e != nil && !errors.Is(e, ErrNoJob) {
			err = errors.Join(err, fmt.Errorf("job %s: %w", j.Name, e))
			continue
		}
		maps.Copy(given, needs)
		removed = append(removed, j.Name)
	}
	err = errors.Join(err, b.sweep(ctx, given))
	for _, bucket := range []string{InputBucket, ModelBucket, JobBucket} {
		err = errors.Join(err, b.sweepData(ctx, bucket, submitTime))
	}
	return removed, err
}

// purgeTime is how long the server may take to remove gigabytes from a slow disk.
const purgeTime = 5 * time.Minute

// purge removes the messages of a subject whose numbers are below one, 0 for all, and
// returns how many there were. Unlike a mark that something is deleted, this finds room
// in a stream that is full.
func (b *Batches) purge(ctx context.Context, stream, subject string, below uint64) (n int, err error) {
	request := map[string]any{"filter": subject}
	if below > 0 {
		request["seq"] = below
	}
	var answer struct {
		Purged int `json:"purged"`
	}
	if err := b.api.askFor(ctx, purgeTime, "STREAM.PURGE."+stream, request, &answer); err != nil {
		return 0, fmt.Errorf("fleet: stream %s: %w", stream, err)
	}
	return answer.Purged, nil
}

// unused is an object that nothing needs, as it was when that was found out.
type unused struct {
	bucket, name, nuid string
	seq                uint64
}

// discard removes an object, unless it was stored anew: then its description has
// another number, and stays.
func (b *Batches) discard(ctx context.Context, o unused) error {
	n, err := b.purge(ctx, "OBJ_"+o.bucket, described(o.bucket, o.name), o.seq+1)
	if err == nil && n > 0 {
		_, err = b.purge(ctx, "OBJ_"+o.bucket, dataOf(o.bucket, o.nuid), 0)
	}
	return err
}

// The metadata of a job: the digest of its model, and those of its inputs at the hub,
// with spaces between.
const (
	metaModel  = "model"
	metaInputs = "inputs"
)

// metadata says what a job needs, so that nobody has to read the job for it; nil if
// that is too much for a message.
func (j *Job) metadata() map[string]string {
	digests := map[string]bool{}
	for i := range j.Inputs {
		if j.Inputs[i].Path == "" {
			digests[j.Inputs[i].SHA256] = true
		}
	}
	inputs := strings.Join(slices.Sorted(maps.Keys(digests)), " ")
	if len(inputs) > MaxMessage/2 {
		return nil
	}
	return map[string]string{metaModel: j.Model, metaInputs: inputs}
}

// needs returns the digests of what a job needs, by its metadata, or, where these do
// not tell, by reading it.
func (b *Batches) needs(ctx context.Context, job string, metadata map[string]string) (map[string]bool, error) {
	if model, ok := metadata[metaModel]; ok {
		needs := map[string]bool{model: true}
		for _, digest := range strings.Fields(metadata[metaInputs]) {
			needs[digest] = true
		}
		return needs, nil
	}
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
	list, err := b.unused(ctx, given)
	for _, o := range list {
		err = errors.Join(err, b.discard(ctx, o))
	}
	return err
}

// unused lists what sweep deletes. Whoever gives something that is stored a use renews
// it when the use is known, and objects are looked at before their uses are: so either
// the use is seen here, or the object is not discarded.
func (b *Batches) unused(ctx context.Context, given map[string]bool) (list []unused, err error) {
	var failed error
	for _, bucket := range []string{InputBucket, ModelBucket} {
		objects, err := b.objects(ctx, bucket)
		if err != nil {
			return nil, err
		}
		for _, found := range objects {
			if !given[found.Name] && time.Since(found.ModTime) <= submitTime {
				continue
			}
			o, err := b.api.object(ctx, bucket, found.Name)
			if errors.Is(err, ErrNoObject) || err == nil && !given[found.Name] && time.Since(o.stored) <= submitTime {
				continue // meanwhile
			}
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			list = append(list, unused{bucket, found.Name, o.NUID, o.seq})
		}
	}
	if len(list) == 0 {
		return nil, failed
	}
	needed, err := b.needed(ctx)
	return slices.DeleteFunc(list, func(o unused) bool { return err != nil || needed[o.name] }), errors.Join(failed, err)
}

// sweepData deletes the data of a bucket that is older than age and that no object
// has: what was stored, or deleted, by halves.
func (b *Batches) sweepData(ctx context.Context, bucket string, age time.Duration) error {
	s, err := b.js.Stream(ctx, "OBJ_"+bucket)
	if err != nil {
		return noBucket(bucket, err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(dataOf(bucket, ">")))
	if err != nil {
		return noBucket(bucket, err)
	}
	objects, err := b.objects(ctx, bucket)
	if err != nil {
		return err
	}
	for _, o := range objects {
		delete(info.State.Subjects, dataOf(bucket, o.NUID))
	}
	var failed error
	for subject := range info.State.Subjects {
		m, err := b.api.get(ctx, "OBJ_"+bucket, map[string]any{"last_by_subj": subject})
		if errors.Is(err, ErrNoMessage) {
			continue
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("fleet: bucket %s: %w", bucket, err))
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
		if err != nil || time.Since(at) <= age {
			continue
		}
		_, err = b.purge(ctx, "OBJ_"+bucket, subject, 0)
		failed = errors.Join(failed, err)
	}
	return failed
}

// needed returns the digests of what all jobs, and the newest orders, need.
func (b *Batches) needed(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	jobs, err := b.objects(ctx, JobBucket)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		needs, err := b.needs(ctx, j.Name, j.Metadata)
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
