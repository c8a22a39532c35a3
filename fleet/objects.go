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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Digest returns the SHA-256 of data in hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Store puts data into a bucket of the object store, under its digest, unless it is
// there.
func Store(ctx context.Context, js jetstream.JetStream, bucket string, data []byte) (digest string, err error) {
	digest = Digest(data)
	store, err := js.ObjectStore(ctx, bucket)
	if err != nil {
		return "", noBucket(bucket, err)
	}
	if info, err := store.GetInfo(ctx, digest); err == nil && info.Size == uint64(len(data)) {
		return digest, nil
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: digest}, bytes.NewReader(data)); err != nil {
		return "", fmt.Errorf("fleet: bucket %s: %w", bucket, full(err))
	}
	return digest, nil
}

// Fetch reads the object of a digest from a bucket by reads alone, without a
// consumer, which a board may not make. An object of another size, or with another
// digest, is refused; size 0 stands for any up to MaxModel.
func Fetch(ctx context.Context, nc *nats.Conn, bucket, digest string, size int64) ([]byte, error) {
	return (&api{nc, ownAPI}).fetch(ctx, bucket, digest, size)
}

func (a *api) fetch(ctx context.Context, bucket, digest string, size int64) ([]byte, error) {
	stream := "OBJ_" + bucket
	m, err := a.get(ctx, stream, map[string]any{"last_by_subj": "$O." + bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(digest))})
	if errors.Is(err, ErrNoMessage) {
		return nil, fmt.Errorf("%w: bucket %s has no object %s", ErrRefused, bucket, digest)
	}
	if err != nil {
		return nil, err
	}
	var info struct {
		NUID    string `json:"nuid"`
		Size    uint64 `json:"size"`
		Deleted bool   `json:"deleted"`
	}
	if err := decode("object", m.Data, &info); err != nil {
		return nil, err
	}
	if info.Deleted || !name.MatchString(info.NUID) || size > 0 && info.Size != uint64(size) || size == 0 && info.Size > MaxModel {
		return nil, fmt.Errorf("%w: object %s of %d bytes, expected %d", ErrRefused, digest, info.Size, size)
	}
	chunks := "$O." + bucket + ".C." + info.NUID
	var data []byte
	for seq := uint64(1); uint64(len(data)) < info.Size; seq++ {
		m, err := a.get(ctx, stream, map[string]any{"seq": seq, "next_by_subj": chunks})
		if errors.Is(err, ErrNoMessage) {
			return nil, fmt.Errorf("%w: object %s ends after %d of %d bytes", ErrRefused, digest, len(data), info.Size)
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
