package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Keep says how long a hub keeps what boards and workers send, and how much. The
// zero value stands for the defaults.
type Keep struct {
	Age      time.Duration // of decisions, results and jobs, at least a second; 0: DefaultAge
	Bytes    int64         // a board; 0: DefaultKeep
	Batch    int64         // models, recordings, tasks and results together; 0: DefaultBatch
	Replicas int           // of every stream, in a cluster; 0: 1
}

// DefaultAge is how long a hub keeps what boards and workers send.
const DefaultAge = 7 * 24 * time.Hour

// DefaultBatch is what is kept of models and batches. A server sets the bytes aside.
const DefaultBatch = 4 << 30

// The parts of Keep.Batch.
func (k *Keep) inputBytes() int64  { return k.Batch / 2 }
func (k *Keep) resultBytes() int64 { return k.Batch / 4 }
func (k *Keep) otherBytes() int64  { return k.Batch / 12 } // models, jobs and tasks, each

// DefaultKeep is what is kept of a board. A server sets the bytes aside when it makes
// the stream. While a board publishes, the server holds the last file of its stream in
// memory: up to 4 MiB, of streams of 32 MiB and more up to 8 MiB.
const DefaultKeep = 30 << 20

func (k Keep) defaults() Keep {
	if k.Age == 0 {
		k.Age = DefaultAge
	}
	if k.Bytes == 0 {
		k.Bytes = DefaultKeep
	}
	if k.Batch == 0 {
		k.Batch = DefaultBatch
	}
	if k.Replicas == 0 {
		k.Replicas = 1
	}
	return k
}

// BoardStream returns the stream of what is published below a prefix.
func BoardStream(prefix string) jetstream.StreamConfig { return Keep{}.boardStream(prefix) }

func (k Keep) boardStream(prefix string) jetstream.StreamConfig {
	k = k.defaults()
	c := jetstream.StreamConfig{
		Name: StreamOf(prefix), Description: "what a board of snurun decides",
		MaxAge: k.Age, MaxBytes: k.Bytes, MaxMsgSize: MaxMessage, Discard: jetstream.DiscardOld,
		Storage: jetstream.FileStorage, Replicas: k.Replicas, AllowDirect: true,
		// The sender's chain of numbers holds duplicates off. The server would remember
		// every id for two minutes, a million of a hundred boards.
		Duplicates: time.Second,
	}
	for _, kind := range Logged() {
		c.Subjects = append(c.Subjects, prefix+"."+kind)
	}
	return c
}

// streams returns the streams that all share.
func (k Keep) streams() []jetstream.StreamConfig {
	k = k.defaults()
	file := func(c jetstream.StreamConfig) jetstream.StreamConfig {
		c.Storage, c.Replicas, c.MaxMsgSize = jetstream.FileStorage, k.Replicas, MaxMessage
		return c
	}
	return []jetstream.StreamConfig{
		file(jetstream.StreamConfig{Name: HealthStream, Description: "the last state of each board", Subjects: []string{"snurun.*." + Health}, MaxMsgsPerSubject: 1, AllowDirect: true}),
		file(jetstream.StreamConfig{Name: CommandStream, Description: "the last order for each board", Subjects: []string{"snurun.*." + Command}, MaxMsgsPerSubject: 1, AllowDirect: true}),
		file(jetstream.StreamConfig{Name: TaskStream, Description: "what workers have to do", Subjects: []string{"snurun.task.*.*"}, Retention: jetstream.WorkQueuePolicy, MaxBytes: k.otherBytes(), Discard: jetstream.DiscardNew, AllowDirect: true, Duplicates: time.Second}),
		file(jetstream.StreamConfig{Name: ResultStream, Description: "what workers found", Subjects: []string{"snurun.result.*.*", "snurun.failure.*.*"}, MaxAge: k.Age, MaxBytes: k.resultBytes(), Discard: jetstream.DiscardNew, AllowDirect: true, Duplicates: time.Second}),
		file(jetstream.StreamConfig{Name: DisagreeStream, Description: "results that differ", Subjects: []string{"snurun.disagreement.*.*"}, MaxAge: k.Age, MaxBytes: 16 << 20, AllowDirect: true, Duplicates: time.Second}),
	}
}

// ackWait is how long a worker may be silent before its task goes to another.
const ackWait = 30 * time.Second

// Setup makes the streams, buckets and the consumer that a fleet needs, and the
// stream of each board, or brings them to what they should be. It needs the rights
// of an operator.
func Setup(ctx context.Context, js jetstream.JetStream, k Keep, boards []string) error {
	k = k.defaults()
	for _, c := range k.streams() {
		if err := makeStream(ctx, js, c); err != nil {
			return err
		}
	}
	for b, bytes := range map[string]int64{ModelBucket: k.otherBytes(), InputBucket: k.inputBytes(), JobBucket: k.otherBytes()} {
		if _, err := js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: b, MaxBytes: bytes, Replicas: k.Replicas}); err != nil {
			return fmt.Errorf("fleet: bucket %s: %w", b, err)
		}
	}
	_, err := js.CreateOrUpdateConsumer(ctx, TaskStream, jetstream.ConsumerConfig{
		Durable: Workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 10_000,
	})
	if err != nil {
		return fmt.Errorf("fleet: consumer %s: %w", Workers, err)
	}
	return setupBoards(ctx, js, k, boards)
}

// setupBoards is the part of Setup that is about boards.
func setupBoards(ctx context.Context, js jetstream.JetStream, k Keep, boards []string) error {
	var failed error // a board that finds no room keeps no other out
	others := 0
	for _, b := range boards {
		if err := CheckName("board", b); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
		if err := makeStream(ctx, js, k.boardStream(Prefix(b))); err != nil {
			if failed != nil {
				others++
			}
			failed = cmp.Or(failed, err)
		}
	}
	if others > 0 {
		failed = fmt.Errorf("%w; and those of %d boards more", failed, others)
	}
	return failed
}

// Adopt brings the stream of a board that made it by itself to what k keeps. One that
// is not there is not made.
func Adopt(ctx context.Context, js jetstream.JetStream, k Keep, board string) error {
	if err := CheckName("board", board); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	_, err := js.UpdateStream(ctx, k.defaults().boardStream(Prefix(board)))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return err
}

func makeStream(ctx context.Context, js jetstream.JetStream, c jetstream.StreamConfig) error {
	if _, err := js.CreateOrUpdateStream(ctx, c); err != nil {
		return fmt.Errorf("fleet: stream %s: %w", c.Name, err)
	}
	return nil
}
