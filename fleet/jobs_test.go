package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// batches sets a server up and returns a client of it.
func batches(t *testing.T) *Batches {
	t.Helper()
	b, err := NewBatches(serve(t, &server.Options{JetStream: true}))
	if err == nil {
		err = Setup(t.Context(), b.js, Keep{Batch: 12 << 20}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// jobOf stores a model and an input and returns a job that needs them.
func jobOf(t *testing.T, b *Batches, name, model, input string) *Job {
	t.Helper()
	j := &Job{Name: name, Chunk: 1, Inputs: []JobInput{{Name: "a.npy", File: "a.npy", Size: int64(len(input)), Samples: 2}}}
	var err error
	if j.Model, err = b.Store(t.Context(), ModelBucket, []byte(model)); err == nil {
		j.Inputs[0].SHA256, err = b.Store(t.Context(), InputBucket, []byte(input))
	}
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func submit(t *testing.T, b *Batches, j *Job) {
	t.Helper()
	if err := b.Submit(t.Context(), j, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
}

// has reports whether an object is there, whole.
func has(t *testing.T, b *Batches, bucket, text string) bool {
	t.Helper()
	data, err := b.api.fetch(t.Context(), bucket, Digest([]byte(text)), 0)
	if err != nil && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "has no object")) {
		t.Fatal(err)
	}
	return string(data) == text
}

// messages returns how many messages a stream has under a subject.
func messages(t *testing.T, b *Batches, stream, subject string) (n uint64) {
	t.Helper()
	s, err := b.js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context(), jetstream.WithSubjectFilter(subject))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range info.State.Subjects {
		n += k
	}
	return n
}

// fillUp publishes to a stream until it has no room for a byte.
func fillUp(t *testing.T, b *Batches, subject string) {
	t.Helper()
	for size := 1 << 19; size > 0; {
		_, err := b.js.Publish(t.Context(), subject, make([]byte, size))
		if isFull(err) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.js.Publish(t.Context(), subject, nil); !isFull(err) {
		t.Fatalf("%v, expected a stream that is full", err)
	}
}

// TestRemoveFull removes a job, and what it alone needs, where nothing can be written.
func TestRemoveFull(t *testing.T) {
	t.Parallel()
	b := batches(t)
	submit(t, b, jobOf(t, b, "j", "model", "input"))
	for _, bucket := range []string{JobBucket, ModelBucket, InputBucket} {
		fillUp(t, b, dataOf(bucket, "fill"))
	}
	// What is there can be given to a job all the same.
	if _, err := b.Store(t.Context(), ModelBucket, []byte("model")); err != nil {
		t.Error(err)
	}
	if err := b.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{JobBucket, ModelBucket, InputBucket} {
		all, filled := messages(t, b, "OBJ_"+bucket, ">"), messages(t, b, "OBJ_"+bucket, dataOf(bucket, "fill"))
		if all != filled {
			t.Errorf("bucket %s: %d messages are left", bucket, all-filled)
		}
	}
	if n := messages(t, b, TaskStream, ">"); n > 0 {
		t.Errorf("%d tasks are left", n)
	}
}

// TestExpireGoesOn removes what is old beside something that cannot be removed.
func TestExpireGoesOn(t *testing.T) {
	t.Parallel()
	b := batches(t)
	store, err := b.js.ObjectStore(t.Context(), JobBucket)
	if err == nil {
		_, err = store.PutString(t.Context(), "no job", "{}")
	}
	if err != nil {
		t.Fatal(err)
	}
	submit(t, b, jobOf(t, b, "j", "model", "input"))
	removed, err := b.Expire(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), `found "no job"`) || !slices.Equal(removed, []string{"j"}) {
		t.Errorf("%q is removed, %v", removed, err)
	}
	if has(t, b, ModelBucket, "model") || has(t, b, InputBucket, "input") {
		t.Error("what the job needed is left")
	}
}

// TestNeeds finds what jobs need without reading them, and reads those of which the
// metadata do not tell.
func TestNeeds(t *testing.T) {
	t.Parallel()
	b := batches(t)
	one, two := jobOf(t, b, "one", "model", "input"), jobOf(t, b, "two", "model", "other")
	submit(t, b, one)
	many := jobOf(t, b, "many", "many", "many")
	for i := range MaxMessage / 2 / 64 {
		in := many.Inputs[0]
		in.SHA256 = Digest(fmt.Append(nil, i))
		many.Inputs = append(many.Inputs, in)
	}
	if many.metadata() != nil {
		t.Error("metadata of any length")
	}
	if _, err := b.purge(t.Context(), "OBJ_"+JobBucket, dataOf(JobBucket, ">"), 0); err != nil { // so that none can be read
		t.Fatal(err)
	}
	store, err := b.js.ObjectStore(t.Context(), JobBucket)
	if err != nil {
		t.Fatal(err)
	}
	// As it was stored before there were metadata.
	if _, err := store.PutString(t.Context(), "two", fmt.Sprintf(`{"name":"two","model":%q,"inputs":[{"sha256":%q}]}`, two.Model, two.Inputs[0].SHA256)); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	needed, err := b.needed(short)
	if err != nil || len(needed) != 3 || !needed[one.Model] || !needed[one.Inputs[0].SHA256] || !needed[two.Inputs[0].SHA256] {
		t.Errorf("%v, %v", needed, err)
	}
	if _, err := b.Expire(t.Context(), time.Hour); err != nil || !has(t, b, ModelBucket, "model") || !has(t, b, InputBucket, "other") {
		t.Errorf("%v, and what jobs need is gone", err)
	}
	for _, name := range []string{"two", "one"} {
		if err := b.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if has(t, b, ModelBucket, "model") || has(t, b, InputBucket, "input") || has(t, b, InputBucket, "other") || !has(t, b, InputBucket, "many") {
		t.Error("expected that what nothing needs is gone")
	}
}

// TestSweepRaces gives what is stored a use between the look at it and its removal, in
// each place: it stays.
func TestSweepRaces(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	model := []byte("model")
	digest := Digest(model)
	for name, use := range map[string]func(b *Batches) error{
		"nothing": nil,
		"stored":  func(b *Batches) error { _, err := b.Store(ctx, ModelBucket, model); return err },
		"a job": func(b *Batches) error {
			j := &Job{Name: "j", Model: digest, Chunk: 1, Inputs: []JobInput{{Path: "/a", SHA256: digest, Size: 1, Samples: 1}}}
			return b.Submit(ctx, j, func(int, int) {})
		},
		"an order": func(b *Batches) error {
			op, err := NewOperator(b.nc)
			if err == nil {
				op.Wait = 1
				_, err = op.Push(ctx, model, "model", []string{"pi-1"}, func(Outcome) {})
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := batches(t)
			if _, err := b.Store(ctx, ModelBucket, model); err != nil {
				t.Fatal(err)
			}
			given := map[string]bool{digest: true}
			list, err := b.unused(ctx, given)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			if use != nil {
				if err := use(b); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.discard(ctx, list[0]); err != nil {
				t.Fatal(err)
			}
			if has(t, b, ModelBucket, "model") != (use != nil) {
				t.Errorf("expected that it is there: %v", use != nil)
			}
			if use != nil && name != "stored" {
				if err := b.sweep(ctx, given); err != nil || !has(t, b, ModelBucket, "model") {
					t.Errorf("%v; what has a use is gone", err)
				}
			}
			if n := messages(t, b, "OBJ_"+ModelBucket, ">"); use == nil && n > 0 {
				t.Errorf("%d messages are left", n)
			}
		})
	}

	// An order counts before the model is renewed.
	b := batches(t)
	op, err := NewOperator(b.nc)
	if err != nil {
		t.Fatal(err)
	}
	op.Wait = 1
	called := false
	if _, err := op.give(ctx, Order{Op: Push, Model: digest, Size: 5}, []string{"pi-1"}, nil, func() error {
		called = true
		needed, err := b.needed(ctx)
		if !needed[digest] {
			t.Error("the order is not known yet")
		}
		return err
	}); err != nil || !called {
		t.Error(called, err)
	}
}

// TestSubmitAgain submits a job that somebody is removing: it is there afterwards.
func TestSubmitAgain(t *testing.T) {
	t.Parallel()
	b := batches(t)
	j := jobOf(t, b, "j", "model", "input")
	submit(t, b, j)
	o, err := b.api.object(t.Context(), JobBucket, "j")
	if err != nil {
		t.Fatal(err)
	}
	submit(t, b, j)
	if err := b.discard(t.Context(), unused{JobBucket, "j", o.NUID, o.seq}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.jobText(t.Context(), "j"); err != nil {
		t.Error(err)
	}
}

// TestSweepData removes the data that no object has, once it is old.
func TestSweepData(t *testing.T) {
	t.Parallel()
	b := batches(t)
	submit(t, b, jobOf(t, b, "j", "model", "input"))
	if _, err := b.js.Publish(t.Context(), dataOf(InputBucket, "half"), []byte("half")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		age  time.Duration
		left uint64
	}{{submitTime, 1}, {0, 0}} {
		if err := b.sweepData(t.Context(), InputBucket, c.age); err != nil {
			t.Fatal(err)
		}
		if n := messages(t, b, "OBJ_"+InputBucket, dataOf(InputBucket, "half")); n != c.left || !has(t, b, InputBucket, "input") {
			t.Errorf("%d messages are left of data of %v, expected %d", n, c.age, c.left)
		}
	}
}

// TestNotThere tells a server that was not set up from one that does not answer.
func TestNotThere(t *testing.T) {
	t.Parallel()
	b, err := NewBatches(serve(t, &server.Options{JetStream: true}))
	if err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	for says, ctx := range map[string]context.Context{"'snurun fleet setup' makes it": t.Context(), "try again": late} {
		if _, err := b.Store(ctx, ModelBucket, []byte("model")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected %q", err, says)
		}
		if _, err := b.Have(ctx, "j"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected %q", err, says)
		}
	}
}
