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
	"github.com/nats-io/nuid"
)

// Known is the last state of a board and when the hub stored it.
type Known struct {
	State
	Stored time.Time
}

// maxKnown bounds the boards that are listed.
const maxKnown = 100_000

// States returns the last state of each board, by name. What is no state is passed
// over.
func States(ctx context.Context, nc *nats.Conn) ([]Known, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, HealthStream)
	if err != nil {
		return nil, notThere("stream", HealthStream, err)
	}
	var known []Known
	last := s.CachedInfo().State.LastSeq
	for seq := uint64(1); seq <= last && len(known) < maxKnown; {
		m, err := (&api{nc, ownAPI}).get(ctx, HealthStream, map[string]any{"seq": seq, "next_by_subj": "snurun.*." + Health})
		if errors.Is(err, ErrNoMessage) {
			break
		}
		if err != nil {
			return nil, err
		}
		k := Known{}
		if k.State, err = ReadState(m.Data); err == nil && m.Header.Get("Nats-Subject") == Prefix(k.Board)+"."+Health {
			k.Stored, _ = time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
			known = append(known, k)
		}
		if seq, err = sequence(m); err != nil {
			return nil, err
		}
		seq++
	}
	slices.SortFunc(known, func(a, b Known) int { return strings.Compare(a.Board, b.Board) })
	return known, nil
}

// order gives an order to a board, which finds it when it is there.
func (o *Operator) order(ctx context.Context, board string, order Order) error {
	order.Time = time.Now()
	data, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if _, err := o.js.Publish(ctx, Prefix(board)+"."+Command, data); err != nil {
		return fmt.Errorf("fleet: board %s: %w", board, err)
	}
	return nil
}

// Operator gives orders to boards. NewOperator makes one.
type Operator struct {
	// Wait is how long Push and Rollback wait for reports once every board has its
	// order; 0: until their context is done.
	Wait time.Duration

	nc *nats.Conn
	js jetstream.JetStream
}

// NewOperator returns an operator that works through a connection.
func NewOperator(nc *nats.Conn) (*Operator, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return &Operator{nc: nc, js: js}, nil
}

// Push stores a model at the hub and orders boards to take it; Rollback orders them
// to go back to the one before. tell is called with what each board reports, in the
// order in which reports come, until all have, Wait is over or ctx is done; a board
// that is away finds the order when it is back. The boards that have not reported are returned.
func (o *Operator) Push(ctx context.Context, model []byte, from string, boards []string, tell func(Outcome)) (left []string, err error) {
	if len(model) == 0 || len(model) > MaxModel {
		return nil, fmt.Errorf("fleet: a model of %d bytes, expected 1 to %d", len(model), MaxModel)
	}
	digest, err := Store(ctx, o.js, ModelBucket, model)
	if err != nil {
		return nil, err
	}
	return o.give(ctx, Order{Op: Push, Model: digest, Size: int64(len(model)), From: from}, boards, tell, func() error {
		// Until an order needed it, it may have been removed.
		_, err := Store(ctx, o.js, ModelBucket, model)
		return err
	})
}

// Rollback is described with Push.
func (o *Operator) Rollback(ctx context.Context, boards []string, tell func(Outcome)) (left []string, err error) {
	return o.give(ctx, Order{Op: Rollback}, boards, tell, func() error { return nil })
}

// give gives an order to boards, calls given, and waits.
func (o *Operator) give(ctx context.Context, order Order, boards []string, tell func(Outcome), given func() error) (left []string, err error) {
	for _, b := range boards {
		if err := CheckName("board", b); err != nil {
			return nil, fmt.Errorf("fleet: %w", err)
		}
	}
	waits := map[string]string{} // boards by the id of their order
	ids := make([]string, len(boards))
	for i, b := range boards {
		ids[i] = nuid.Next()
		waits[ids[i]] = b
	}
	// The first report of each board, and none else: there is room for all while
	// orders are still given.
	reports := make(chan Outcome, len(boards))
	open := maps.Clone(waits)
	sub, err := o.nc.Subscribe("snurun.*."+Report, func(m *nats.Msg) {
		out, err := ReadOutcome(m.Data)
		if err == nil && open[out.Order] == out.Board && m.Subject == Prefix(out.Board)+"."+Report {
			delete(open, out.Order)
			reports <- out
		}
	})
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	for i, b := range boards {
		order.ID = ids[i]
		if err := o.order(ctx, b, order); err != nil {
			return boards, err
		}
	}
	if err := given(); err != nil {
		return boards, err
	}
	if o.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Wait)
		defer cancel()
	}
	for len(waits) > 0 {
		select {
		case out := <-reports:
			delete(waits, out.Order)
			tell(out)
			continue
		case <-ctx.Done():
		}
		break
	}
	for i, b := range boards {
		if waits[ids[i]] != "" {
			left = append(left, b)
		}
	}
	return left, nil
}
