package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Worker works on the tasks of batches.
type Worker struct {
	Name  string // of this worker, in results
	Tasks int    // worked on at once; 0: 1

	// Do works on a task. After an error the task is given out again, to whoever
	// asks, unless it was given out three times, or, if the error is ErrLater, 25
	// times, some twenty minutes: then it has failed. That a worker went away with
	// the task counts, too. Do may be called from several goroutines at once.
	Do func(context.Context, Task) ([]Said, error)

	Kernel string // of this machine, for results
	Log    func(string)
}

// ErrLater is the error of a task that is not at fault: somebody else may do it, or
// anybody later.
var ErrLater = errors.New("fleet: not now")

// The times that a task is given out before it has failed: where it is at fault, and
// where its workers are, or end over it.
const (
	maxErrors     = 3
	maxDeliveries = 25
)

// Work works until ctx is done, and gives back the tasks that it has begun. It waits
// for a hub that is away.
func (w *Worker) Work(ctx context.Context, nc *nats.Conn) error {
	if err := CheckName("worker", w.Name); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if w.Log == nil {
		w.Log = func(string) {}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	var wait sync.WaitGroup
	for range max(1, w.Tasks) {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := w.pull(ctx, nc, js); err != nil && ctx.Err() == nil {
					w.Log(fmt.Sprintf("no tasks: %v", err))
					select {
					case <-ctx.Done():
					case <-time.After(time.Second):
					}
				}
			}
		})
	}
	wait.Wait()
	return nil
}

// pull asks for tasks until something fails.
func (w *Worker) pull(ctx context.Context, nc *nats.Conn, js jetstream.JetStream) error {
	asking, cancel := context.WithTimeout(ctx, answerTime)
	c, err := js.Consumer(asking, TaskStream, Workers)
	cancel()
	if err != nil {
		return fmt.Errorf("consumer %s of stream %s: %w; 'snurun fleet setup' makes it", Workers, TaskStream, err)
	}
	for ctx.Err() == nil {
		batch, err := c.Fetch(1, jetstream.FetchMaxWait(3*time.Second))
		if err != nil {
			return err
		}
		for m := range batch.Messages() {
			w.one(ctx, nc, js, m)
		}
		if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) {
			return err
		}
	}
	return nil
}

// one works on one task: what was begun is finished, or given back.
func (w *Worker) one(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, m jetstream.Msg) {
	var t Task
	err := decode("task", m.Data(), &t)
	if err == nil {
		err = t.check()
	}
	if err == nil && m.Subject() != "snurun.task."+t.Job+"."+t.Key {
		err = fmt.Errorf("found job %s and key %s under %s", t.Job, t.Key, m.Subject())
	}
	if err != nil {
		w.Log(fmt.Sprintf("task %.100q is refused: %v", m.Subject(), err))
		_ = m.Term() // else it comes again
		return
	}
	// While the work takes, the hub hears that somebody is at it.
	working, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		tick := time.NewTicker(ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-tick.C:
				_ = m.InProgress()
			}
		}
	}()
	r := &Result{Key: t.Key, Worker: w.Name, Kernel: w.Kernel}
	given := uint64(1)
	if meta, err := m.Metadata(); err == nil {
		given = meta.NumDelivered
	}
	if given > maxDeliveries {
		err = fmt.Errorf("it was given out %d times without a result", given-1)
	} else {
		r.Samples, err = w.Do(ctx, t)
	}
	if err == nil {
		err = r.fits()
	}
	if err != nil && given < maxDeliveries && (given < maxErrors || errors.Is(err, ErrLater)) || ctx.Err() != nil {
		if ctx.Err() == nil {
			w.Log(fmt.Sprintf("task %s of job %s, given out %d times so far: %v", t.Key, t.Job, given, err))
		}
		// Where this answer is lost, the hub waits longer. A task that cannot be done
		// here comes back ever later: somebody else should have it, and a hub or a disk
		// that is away for a while must not use up its deliveries.
		delay := time.Second
		if ctx.Err() == nil {
			delay = min(delay<<min(given-1, 6), time.Minute)
		}
		_ = m.NakWithDelay(delay)
		return
	}
	store := func() error { return w.hand(ctx, nc, js, &t, r) }
	if err != nil {
		w.Log(fmt.Sprintf("task %s of job %s failed; it was given out %d times: %v", t.Key, t.Job, given, err))
		failure := &Failure{Key: t.Key, Worker: w.Name, Error: limited(err.Error(), 4096)}
		store = func() error { return fail(ctx, js, &t, failure) }
	}
	if err := store(); err != nil {
		w.Log(fmt.Sprintf("the result of task %s of job %s is not stored: %v", t.Key, t.Job, err))
		_ = m.Nak()
		return
	}
	acking, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	if err := m.DoubleAck(acking); err != nil && ctx.Err() == nil {
		// It will be given out again, and found to be done.
		w.Log(fmt.Sprintf("task %s of job %s is done, but the hub does not say that it knows: %v", t.Key, t.Job, err))
	}
}

// fits returns an error for a result that makes no message.
func (r *Result) fits() error {
	data, err := json.Marshal(r)
	if err == nil && len(data) > MaxMessage-4096 {
		err = fmt.Errorf("the result takes %d bytes, expected at most %d; submit with a smaller --chunk", len(data), MaxMessage-4096)
	}
	return err
}

// limited returns a text of at most n bytes, whole characters.
func limited(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// fail stores why a task has no result.
func fail(ctx context.Context, js jetstream.JetStream, t *Task, f *Failure) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return patiently(ctx, func() error {
		_, err := js.Publish(ctx, "snurun.failure."+t.Job+"."+t.Key, data)
		return full(err)
	})
}

// hand stores a result, or compares it with the one that is there.
func (w *Worker) hand(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, t *Task, r *Result) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	subject := "snurun.result." + t.Job + "." + t.Key
	taken := false
	err = patiently(ctx, func() error {
		_, err := js.Publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(0))
		if taken = wrongLast(err); taken {
			return nil
		}
		return full(err)
	})
	if err != nil || !taken {
		return err
	}
	var first *Result
	if err := patiently(ctx, func() (err error) {
		first, err = (&api{nc, ownAPI}).result(ctx, t)
		return err
	}); err != nil {
		return err
	}
	if first.Same(r) {
		return nil
	}
	w.Log(fmt.Sprintf("samples %d to %d of %q: %s found something else than this worker, %s: one of the two does not compute what the model says", t.From, t.To-1, t.Name, first.Worker, w.Name))
	data, err = json.Marshal(Disagreement{*t, short(first), short(r)})
	if err != nil {
		return err
	}
	return patiently(ctx, func() error {
		_, err := js.Publish(ctx, "snurun.disagreement."+t.Job+"."+t.Key, data)
		return err
	})
}

// short returns a result of which two fit one message.
func short(r *Result) *Result {
	s := *r
	const most = 200
	for len(s.Samples) > 0 {
		data, err := json.Marshal(s)
		if err == nil && len(s.Samples) <= most && len(data) < MaxMessage/3 {
			break
		}
		s.Samples = s.Samples[:len(s.Samples)/2]
	}
	return &s
}
