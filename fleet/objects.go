package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Digest returns the SHA-256 of data in hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Store puts data into a bucket of the object store, under its digest, unless it is
// there: then it counts as stored anew.
func Store(ctx context.Context, js jetstream.JetStream, bucket string, data []byte) (digest string, err error) {
	digest = Digest(data)
	store, err := js.ObjectStore(ctx, bucket)
	if err != nil {
		return "", noBucket(bucket, err)
	}
	if o, err := renew(ctx, js, bucket, digest); err == nil && o.Size == uint64(len(data)) {
		return digest, nil
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: digest}, bytes.NewReader(data)); err != nil {
		return "", fmt.Errorf("fleet: bucket %s: %w", bucket, full(err))
	}
	return digest, nil
}

// object is what is needed of the description of an object, the last message under a
// subject of its own.
type object struct {
	NUID     string            `json:"nuid"` // of the subject of its data
	Size     uint64            `json:"size"`
	Deleted  bool              `json:"deleted"`
	Metadata map[string]string `json:"metadata"`

	seq    uint64 // of the message
	stored time.Time
	text   []byte
}

// The subjects of a bucket, below which its stream keeps descriptions and data.
func described(bucket, name string) string {
	return "$O." + bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}
func dataOf(bucket, nuid string) string { return "$O." + bucket + ".C." + nuid }

// ErrNoObject is the error of an object that is not in its bucket.
var ErrNoObject = errors.New("fleet: there is no such object")

// object returns the description of an object.
func (a *api) object(ctx context.Context, bucket, name string) (o object, err error) {
	m, err := a.get(ctx, "OBJ_"+bucket, map[string]any{"last_by_subj": described(bucket, name)})
	if errors.Is(err, ErrNoMessage) {
		return o, fmt.Errorf("%w: %q in bucket %s", ErrNoObject, name, bucket)
	}
	if err == nil {
		err = decode("description", m.Data, &o)
	}
	if err == nil && o.Deleted {
		return o, fmt.Errorf("%w: %q in bucket %s", ErrNoObject, name, bucket)
	}
	if err == nil {
		o.text = m.Data
		o.seq, err = sequence(m)
	}
	if err == nil {
		o.stored, err = time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	}
	if err != nil {
		return o, fmt.Errorf("fleet: object %q of bucket %s: %w", name, bucket, err)
	}
	return o, nil
}

// renew stores the description of an object anew, as it is: whoever is about to remove
// the object as it was leaves it alone. In a bucket that is full it stays as it is.
func renew(ctx context.Context, js jetstream.JetStream, bucket, name string) (o object, err error) {
	for range renewals {
		if o, err = (&api{js.Conn(), ownAPI}).object(ctx, bucket, name); err != nil {
			return o, err
		}
		m := nats.NewMsg(described(bucket, name))
		m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
		m.Data = o.text
		_, err = js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(o.seq))
		if isFull(err) {
			return o, nil
		}
		if err == nil {
			return o, nil
		}
		if !wrongLast(err) {
			break
		}
		select { // somebody else renews it, or a server of a cluster is behind
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(shortestPause / 4):
		}
		if ctx.Err() != nil {
			break
		}
	}
	return o, fmt.Errorf("fleet: object %q of bucket %s: %w", name, bucket, err)
}

// renewals bounds how often renew tries.
const renewals = 20

// Fetch reads the object of a digest from a bucket by reads alone, without a
// consumer, which a board may not make. An object of another size, or with another
// digest, is refused; size 0 stands for any up to MaxModel.
func Fetch(ctx context.Context, nc *nats.Conn, bucket, digest string, size int64) ([]byte, error) {
	return (&api{nc, ownAPI}).fetch(ctx, bucket, digest, size)
}

func (a *api) fetch(ctx context.Context, bucket, digest string, size int64) ([]byte, error) {
	o, err := a.object(ctx, bucket, digest)
	if errors.Is(err, ErrNoObject) {
		return nil, fmt.Errorf("%w: bucket %s has no object %s", ErrRefused, bucket, digest)
	}
	if err != nil {
		return nil, err
	}
	if !name.MatchString(o.NUID) || size > 0 && o.Size != uint64(size) || size == 0 && o.Size > MaxModel {
		return nil, fmt.Errorf("%w: object %s of %d bytes, expected %d", ErrRefused, digest, o.Size, size)
	}
	var data []byte
	for seq := uint64(1); uint64(len(data)) < o.Size; seq++ {
		m, err := a.get(ctx, "OBJ_"+bucket, map[string]any{"seq": seq, "next_by_subj": dataOf(bucket, o.NUID)})
		if errors.Is(err, ErrNoMessage) {
			return nil, fmt.Errorf("%w: object %s ends after %d of %d bytes", ErrRefused, digest, len(data), o.Size)
		}
		if err != nil {
			return nil, err
		}
		data = append(data, m.Data...)
		if seq, err = sequence(m); err != nil {
			return nil, err
		}
	}
	if got := Digest(data); got != digest {
		return nil, fmt.Errorf("%w: the object has SHA-256 %s, expected %s", ErrRefused, got, digest)
	}
	return data, nil
}

// sequence returns the number in its stream of a message that get returned.
func sequence(m *nats.Msg) (uint64, error) {
	seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("fleet: the server numbers its answer %q, expected a whole number", m.Header.Get("Nats-Sequence"))
	}
	return seq, nil
}
