package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Keep says how long a hub keeps what boards and workers send, and how much. The
// zero value stands for the defaults.
type Keep struct {
	Age      time.Duration // of decisions and results; 0: 7 days
	Bytes    int64         // a board; 0: DefaultKeep
	Replicas int           // of every stream, in a cluster; 0: 1
}

// DefaultKeep is what is kept of a board. A server sets the bytes aside when it makes
// the stream, and holds up to a quarter of them, at most 8 MB, in memory while the
// board publishes.
const DefaultKeep = 32 << 20

func (k Keep) defaults() Keep {
	if k.Age == 0 {
		k.Age = 7 * 24 * time.Hour
	}
	if k.Bytes == 0 {
		k.Bytes = DefaultKeep
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
		// The sender's chain of ids holds duplicates off; this is a second fence.
		Duplicates: time.Minute,
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
		file(jetstream.StreamConfig{Name: TaskStream, Description: "what workers have to do", Subjects: []string{"snurun.task.*.*"}, Retention: jetstream.WorkQueuePolicy, AllowDirect: true, Duplicates: time.Minute}),
		file(jetstream.StreamConfig{Name: ResultStream, Description: "what workers found", Subjects: []string{"snurun.result.*.*"}, MaxAge: k.Age, AllowDirect: true, Duplicates: time.Minute}),
		file(jetstream.StreamConfig{Name: DisagreeStream, Description: "results that differ", Subjects: []string{"snurun.disagreement.*.*"}, MaxAge: k.Age, MaxBytes: 16 << 20, AllowDirect: true, Duplicates: time.Minute}),
	}
}

// ackWait is how long a worker may be silent before its task goes to another.
const ackWait = 30 * time.Second

// Setup makes the streams, buckets and the consumer that a fleet needs, and the
// stream of each board, or brings them to what they should be. It needs the rights
// of an operator.
func Setup(ctx context.Context, js jetstream.JetStream, k Keep, boards []string) error {
	k = k.defaults()
	configs := k.streams()
	for _, b := range boards {
		if err := CheckName("board", b); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
		configs = append(configs, k.boardStream(Prefix(b)))
	}
	for _, c := range configs {
		if _, err := js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("fleet: stream %s: %w", c.Name, err)
		}
	}
	for _, b := range []string{ModelBucket, InputBucket, JobBucket} {
		_, err := js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: b, Replicas: k.Replicas})
		if err != nil && !errors.Is(err, jetstream.ErrBucketExists) {
			return fmt.Errorf("fleet: bucket %s: %w", b, err)
		}
	}
	_, err := js.CreateOrUpdateConsumer(ctx, TaskStream, jetstream.ConsumerConfig{
		Durable: Workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 10_000,
	})
	if err != nil {
		return fmt.Errorf("fleet: consumer %s: %w", Workers, err)
	}
	return nil
}
