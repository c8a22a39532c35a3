package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/snurun/snurun/internal/atomicfile"
)

// MaxModel bounds the file of a model that a board takes from a hub.
const MaxModel = 256 << 20

// obey carries out orders, one after another, each once. The newest order of a
// board is kept by the hub, so that one who was away finds it.
func (l *natsLink) obey(ctx context.Context) {
	defer close(l.ended)
	if text, err := os.ReadFile(l.mark()); err == nil && len(text) < 256 {
		id, begun := strings.CutSuffix(strings.TrimSpace(string(text)), begunMark)
		if l.obeyed = id; begun {
			// Whatever it did, it is not done again: an order that ends the program
			// would end it at every start.
			l.p.Report(Outcome{Order: id, Error: "the program ended while it carried the order out"})
			l.note(id)
		}
	}
	for {
		var data []byte
		select {
		case <-ctx.Done():
			return
		case data = <-l.orders:
		}
		order, err := l.order(ctx, data)
		switch {
		case errors.Is(err, ErrNoMessage) || ctx.Err() != nil || err == nil && order.ID == l.obeyed:
			continue
		case err != nil:
			l.p.o.Log(fmt.Sprintf("an order cannot be read: %v", err))
			l.later(ctx)
			continue
		}
		var model []byte
		out := Outcome{Order: order.ID, Op: order.Op}
		if order.Op == Push {
			model, err = l.model(ctx, order)
			if err != nil && !errors.Is(err, ErrRefused) { // the hub is away: later
				l.p.o.Log(fmt.Sprintf("a model cannot be fetched: %v", err))
				l.later(ctx)
				continue
			}
		}
		if err != nil {
			out.Error = err.Error()
			l.p.o.Log(fmt.Sprintf("order %s refused: %v", order.ID, err))
		} else {
			l.note(order.ID + begunMark)
			out = l.p.o.Obey(ctx, order, model)
			out.Order, out.Op = order.ID, order.Op
		}
		l.p.Report(out)
		l.note(order.ID)
		l.obeyed = order.ID
	}
}

// mark is the file that has the id of the last order, with begunMark behind it while
// it is carried out.
func (l *natsLink) mark() string { return filepath.Join(l.p.o.Spool, "order") }

const begunMark = " begun"

func (l *natsLink) note(text string) {
	if err := atomicfile.Write(l.mark(), func(w io.Writer) error {
		_, err := fmt.Fprintln(w, text)
		return err
	}); err != nil {
		l.p.o.Log(fmt.Sprintf("the order is not noted: %v", err))
	}
}

// later asks for the order again after a while.
func (l *natsLink) later(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(longestPause):
		l.hint(nil)
	}
}

// hint says that there is an order: data, or nil for one that is stored.
func (l *natsLink) hint(data []byte) {
	select {
	case l.orders <- data:
	default: // the one that is newest is looked up with the next connection
	}
}

// order returns an order, for nil the newest that is stored.
func (l *natsLink) order(ctx context.Context, data []byte) (o Order, err error) {
	a := l.reads.Load()
	if a == nil {
		return o, ErrNoMessage // the first session looks for what is stored
	}
	if data == nil {
		m, err := a.get(ctx, CommandStream, map[string]any{"last_by_subj": l.p.prefix + "." + Command})
		if err != nil {
			return o, err
		}
		data = m.Data
	}
	if err := decode("order", data, &o); err != nil {
		return o, err
	}
	if o.ID == "" || len(o.ID) > 64 || strings.ContainsAny(o.ID, "\r\n") || o.Op != Push && o.Op != Rollback {
		return o, fmt.Errorf("fleet: order %q with id %q, expected %s or %s", o.Op, o.ID, Push, Rollback)
	}
	return o, nil
}

// ErrRefused is the error of a model, or an input, that is not what it should be.
var ErrRefused = errors.New("fleet: refused")

// model fetches the model of an order.
func (l *natsLink) model(ctx context.Context, o Order) ([]byte, error) {
	if !isDigest(o.Model) || o.Size < 1 || o.Size > MaxModel {
		return nil, fmt.Errorf("%w: digest %q and size %d, expected a SHA-256 and 1 to %d bytes", ErrRefused, o.Model, o.Size, MaxModel)
	}
	return l.reads.Load().fetch(ctx, ModelBucket, o.Model, o.Size)
}
