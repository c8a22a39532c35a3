package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// window is how many messages are on their way at once.
const window = 256

// maxBlind is how many sessions may not read the last message of a stream before one
// goes on by what else is known of it.
const maxBlind = 5

// The bounds of a list of deleted messages: how many there are, and the bytes of each
// number with its comma.
const (
	maxDeleted = 1 << 24
	maxDigits  = 21
)

// answerTime is how long an answer of the server may take.
const answerTime = 5 * time.Second

// natsLink publishes to a stream of a NATS server, with plain requests: what an
// account of a board may do is a list of subjects.
type natsLink struct {
	p      *Publisher
	nc     *nats.Conn
	api    api                 // of sessions
	reads  atomic.Pointer[api] // the same, for orders; nil before the first session
	acks   chan *nats.Msg
	inbox  string
	cut    chan struct{} // has a value when the connection went or came
	orders chan []byte   // orders as they come; nil: one may be stored
	failed atomic.Pointer[error]
	stream string
	obeyed string // id of the order that was obeyed last
	blind  int    // sessions in a row that could not read the last message
	known  place  // what was sent behind this record came behind this number, in the board's own stream
	halt   context.CancelFunc
	ended  chan struct{}
}

// place is where a record is in a stream.
type place struct{ seq, record uint64 }

func newNATS(p *Publisher, t target) (link, error) {
	l := &natsLink{p: p, acks: make(chan *nats.Msg, 2*window), cut: make(chan struct{}, 1), orders: make(chan []byte, 8), ended: make(chan struct{})}
	l.stream = StreamOf(p.prefix)
	changed := func(*nats.Conn) { poke(l.cut) }
	nc, err := connect(p.o.Access, t, p.o.Board,
		nats.ReconnectBufSize(-1), // what is sent again is in the spool
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if err != nil {
				l.failed.Store(&err)
			}
			poke(l.cut)
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			l.failed.Store(&err)
			poke(l.cut)
		}),
		nats.ConnectHandler(changed), nats.ReconnectHandler(changed),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			l.failed.Store(&err)
			if errors.Is(err, nats.ErrPermissionViolation) {
				p.o.Log(fmt.Sprintf("the hub refuses: %v", err))
			}
		}),
	)
	if err != nil {
		return nil, err
	}
	l.nc, l.inbox, l.api = nc, nc.NewInbox(), api{nc, ownAPI}
	if _, err := nc.ChanSubscribe(l.inbox+".*", l.acks); err != nil {
		nc.Close()
		return nil, fmt.Errorf("fleet: %w", err)
	}
	ctx, halt := context.WithCancel(context.Background())
	l.halt = halt
	if p.o.Obey == nil {
		close(l.ended)
		return l, nil
	}
	if _, err := nc.Subscribe(p.prefix+"."+Command, func(m *nats.Msg) { l.hint(m.Data) }); err != nil {
		nc.Close()
		return nil, fmt.Errorf("fleet: %w", err)
	}
	go l.obey(ctx)
	return l, nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (l *natsLink) close() {
	l.halt()
	<-l.ended
	_ = l.nc.FlushTimeout(time.Second) // the last state
	l.nc.Close()
}

func (l *natsLink) health(data []byte) {
	if l.nc.IsConnected() {
		_ = l.nc.Publish(l.p.prefix+"."+Health, data) // the next one follows
	}
}

// why returns what the connection failed with last.
func (l *natsLink) why() error {
	if err := l.failed.Load(); err != nil && *err != nil {
		return *err
	}
	return errors.New("nobody answers")
}

// session implements link.
func (l *natsLink) session(ctx context.Context, up func()) error {
	if !l.nc.IsConnected() {
		select {
		case <-ctx.Done():
		case <-l.cut:
		case <-time.After(longestPause):
		}
		if !l.nc.IsConnected() {
			return l.why()
		}
	}
	drain(l.cut)
	last, chained, err := l.resume(ctx)
	if err != nil {
		return err
	}
	l.reads.Store(&api{l.nc, l.api.prefix})
	l.hint(nil)
	up()
	return l.send(ctx, last, chained)
}

func drain[T any](c <-chan T) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}

// apiError is the error part of an answer.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Description, e.ErrCode) }

// Codes of apiError.
const (
	codeNoStream     = 10059
	codeNotHere      = 10039 // JetStream is that of another account
	codeWrongLastID  = 10070
	codeWrongLastSeq = 10071
	codeWrongLastAny = 10164
)

// api is the way to the API of JetStream.
type api struct {
	nc     *nats.Conn
	prefix string
}

// The prefix of the API, and that under which the account of a board, which has no
// JetStream of its own, finds what it may ask of the hub's.
const (
	ownAPI = "$JS.API."
	HubAPI = "snurun.api."
)

// ask sends a request and reads the answer.
func (a *api) ask(ctx context.Context, subject string, request, answer any) error {
	return a.askFor(ctx, answerTime, subject, request, answer)
}

// askFor is ask of a server that may take so long.
func (a *api) askFor(ctx context.Context, wait time.Duration, subject string, request, answer any) error {
	return a.askWithin(ctx, wait, MaxMessage, subject, request, answer)
}

// askWithin is ask, where the answer may take so long and have so many bytes.
func (a *api) askWithin(ctx context.Context, wait time.Duration, most int, subject string, request, answer any) error {
	var data []byte
	if request != nil {
		var err error
		if data, err = json.Marshal(request); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	m, err := a.nc.RequestWithContext(ctx, a.prefix+subject, data)
	if err != nil {
		return err
	}
	var failed struct {
		Error *apiError `json:"error"`
	}
	if err := decodeUpTo("answer of the server", most, m.Data, &failed); err != nil {
		return err
	}
	if failed.Error != nil {
		return failed.Error
	}
	return decodeUpTo("answer of the server", most, m.Data, answer)
}

// streamInfo is what is needed of the answer to STREAM.INFO.
type streamInfo struct {
	Config struct {
		Subjects    []string `json:"subjects"`
		AllowDirect bool     `json:"allow_direct"`
	} `json:"config"`
	State struct {
		Messages uint64   `json:"messages"`
		FirstSeq uint64   `json:"first_seq"`
		LastSeq  uint64   `json:"last_seq"`
		Deleted  []uint64 `json:"deleted"` // if it was asked for
	} `json:"state"`
}

// ErrNoMessage is the error of a message that is not in a stream.
var ErrNoMessage = errors.New("fleet: there is no such message")

// get reads a message of a stream: request has seq, seq and next_by_subj, or
// last_by_subj. It needs a stream with direct access.
func (a *api) get(ctx context.Context, stream string, request map[string]any) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	subject, data := a.prefix+"DIRECT.GET."+stream, []byte(nil)
	if last, ok := request["last_by_subj"]; ok {
		subject += "." + last.(string)
	} else {
		var err error
		if data, err = json.Marshal(request); err != nil {
			return nil, err
		}
	}
	m, err := a.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return nil, err
	}
	switch status := m.Header.Get("Status"); {
	case status == "404":
		return nil, ErrNoMessage
	case status != "" && len(m.Data) == 0:
		return nil, fmt.Errorf("fleet: stream %s: %s %s", stream, status, m.Header.Get("Description"))
	}
	return m, nil
}

// resume finds out what the hub has and takes it out of the spool. chained says that
// the stream has what comes from the board's spool alone, so that each message can name
// the number of the one before: last is that of the last one.
func (l *natsLink) resume(ctx context.Context) (last uint64, chained bool, err error) {
	var info streamInfo
	err = l.api.ask(ctx, "STREAM.INFO."+l.stream, nil, &info)
	var failed *apiError
	if errors.As(err, &failed) && failed.ErrCode == codeNotHere {
		l.api.prefix = HubAPI
		err = l.api.ask(ctx, "STREAM.INFO."+l.stream, nil, &info)
	}
	if errors.As(err, &failed) && failed.ErrCode == codeNoStream {
		if err := l.find(ctx); err != nil {
			return 0, false, err
		}
		err = l.api.ask(ctx, "STREAM.INFO."+l.stream, nil, &info)
	}
	if err != nil {
		return 0, false, fmt.Errorf("stream %s: %w%s", l.stream, err, l.refused())
	}
	chained = len(info.Config.Subjects) > 0
	for _, s := range info.Config.Subjects {
		kind, ok := strings.CutPrefix(s, l.p.prefix+".")
		chained = chained && ok && slices.Contains(Logged(), kind)
	}
	if !info.Config.AllowDirect {
		return 0, false, fmt.Errorf("stream %s does not allow direct access, which the spool needs to go on where it was: expected allow_direct", l.stream)
	}
	if chained {
		last = info.State.LastSeq
		if info.State.Messages > 0 {
			if err := l.behind(ctx, &info); err != nil {
				return 0, false, err
			}
		}
		// What is sent comes behind all numbers that are used up, also where messages
		// were deleted.
		l.known = place{last, l.p.spool.acknowledged()}
		l.blind = 0
		return last, true, nil
	}
	for _, kind := range Logged() {
		m, err := l.api.get(ctx, l.stream, map[string]any{"last_by_subj": l.p.prefix + "." + kind})
		if err != nil && !errors.Is(err, ErrNoMessage) {
			return 0, false, err
		}
		if err == nil {
			if record, ok := l.p.seqOf(m.Header.Get(nats.MsgIdHdr)); ok {
				l.p.spool.Ack(record)
			}
		}
	}
	return last, false, nil
}

// behind takes out of the spool what is in the board's own stream, which has messages:
// all up to the last one. What somebody deleted behind it is published again, if the
// spool still has it.
func (l *natsLink) behind(ctx context.Context, info *streamInfo) error {
	top := info.State.LastSeq
	m, err := l.api.get(ctx, l.stream, map[string]any{"seq": top})
	numbers := info.State.LastSeq - info.State.FirstSeq + 1
	if errors.Is(err, ErrNoMessage) && numbers > info.State.Messages {
		// Any server of a cluster answers to get, the stream's leader to this.
		var all streamInfo
		most := MaxMessage + maxDigits*int(min(numbers-info.State.Messages, maxDeleted))
		if err := l.api.askWithin(ctx, answerTime, most, "STREAM.INFO."+l.stream, map[string]bool{"deleted_details": true}, &all); err != nil {
			return fmt.Errorf("stream %s: %w", l.stream, err)
		}
		if all.State.LastSeq != info.State.LastSeq || all.State.Messages == 0 {
			return errAgain
		}
		for gone := all.State.Deleted; len(gone) > 0 && gone[len(gone)-1] == top; top-- {
			gone = gone[:len(gone)-1]
		}
		if top != info.State.LastSeq {
			m, err = l.api.get(ctx, l.stream, map[string]any{"seq": top})
		}
	}
	switch {
	case err == nil:
		if record, ok := l.p.seqOf(m.Header.Get(nats.MsgIdHdr)); ok {
			l.p.spool.Ack(record)
		}
		return nil
	case !errors.Is(err, ErrNoMessage):
		return err
	case l.blind < maxBlind:
		l.blind++ // a server of a cluster is behind
		return fmt.Errorf("stream %s: its last message, %d, cannot be read yet", l.stream, top)
	}
	// It is there, and nobody can read it, as on a disk that is damaged. As many records
	// were stored as there are messages behind one that is known.
	at := l.upTo(l.known)
	if at.seq == 0 || at.seq > info.State.LastSeq {
		if at, err = l.readable(ctx); err != nil {
			return err
		}
	}
	if at.seq == 0 || at.seq > info.State.LastSeq {
		l.p.o.Log(fmt.Sprintf("stream %s: its last message, %d, cannot be read, and nothing tells what it is: what waits is published, up to %d messages of it perhaps twice", l.stream, top, window))
		return nil
	}
	l.p.spool.Ack(at.record)
	acked := l.p.spool.acknowledged()
	for ; at.seq < top; at.seq++ {
		r, ok, err := l.p.spool.Next(at.record)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		at.record = r.Seq
	}
	if l.p.spool.acknowledged() != acked {
		return errAgain // the spool gave records up between those that were counted
	}
	l.p.spool.Ack(at.record)
	return nil
}

// readable returns where the last record is in the stream that is acknowledged, by the
// last one there that can be read.
func (l *natsLink) readable(ctx context.Context) (at place, err error) {
	for _, kind := range Logged() {
		m, err := l.api.get(ctx, l.stream, map[string]any{"last_by_subj": l.p.prefix + "." + kind})
		if errors.Is(err, ErrNoMessage) {
			continue
		}
		if err != nil {
			return at, err
		}
		seq, err := sequence(m)
		if err != nil {
			return at, err
		}
		if record, ok := l.p.seqOf(m.Header.Get(nats.MsgIdHdr)); ok && seq > at.seq {
			at = place{seq, record}
		}
	}
	return l.upTo(at), nil
}

// upTo moves a place on to the last record that is acknowledged. Those between may have
// been given up by the spool before they were sent: counting them as stored sends others
// twice at worst, counting others in their stead would lose these.
func (l *natsLink) upTo(at place) place {
	acked := l.p.spool.acknowledged()
	switch {
	case at.seq == 0 || acked <= at.record:
		return at
	case acked>>32 != at.record>>32:
		return place{} // of another run, of which nobody knows how many records it had
	}
	return place{at.seq + acked - at.record, acked}
}

// refused returns what to try where a hub does not answer.
func (l *natsLink) refused() string {
	if err := l.failed.Load(); err != nil && errors.Is(*err, nats.ErrPermissionViolation) {
		return fmt.Sprintf("; %v: expected the account of board %s", *err, l.p.o.Board)
	}
	return ""
}

// find looks for a stream that takes the board's messages, or makes one.
func (l *natsLink) find(ctx context.Context) error {
	var names struct {
		Streams []string `json:"streams"`
	}
	subject := l.p.prefix + "." + Decision
	if err := l.api.ask(ctx, "STREAM.NAMES", map[string]string{"subject": subject}, &names); err != nil {
		return fmt.Errorf("no stream %s: %w", l.stream, err)
	}
	if len(names.Streams) > 0 {
		l.stream = names.Streams[0]
		return nil
	}
	var made streamInfo
	if err := l.api.ask(ctx, "STREAM.CREATE."+l.stream, BoardStream(l.p.prefix), &made); err != nil {
		return fmt.Errorf("no stream takes %s and none can be made: %w; try 'snurun fleet setup' with the rights of an operator", subject, err)
	}
	return nil
}

// send publishes the spool, behind the last message of the stream.
//
// A number, unlike an id, is known to each server of a cluster at any time: one that
// was just started does not remember ids, and would leave a message out that others
// take.
func (l *natsLink) send(ctx context.Context, tail uint64, chained bool) error {
	p := l.p
	drain(l.acks)
	run := nuid.Next()  // so that old answers are none
	var last uint64     // published
	var flying []uint64 // published, not acknowledged
	limit := 1          // until the first one is known to be in its place
	expire := time.NewTimer(answerTime)
	defer expire.Stop()
	for {
		for len(flying) < limit {
			r, ok, err := p.spool.Next(last)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			m := nats.NewMsg(p.prefix + "." + r.Kind)
			m.Data = p.message(r)
			m.Reply = l.inbox + "." + run + "-" + strconv.FormatUint(r.Seq, 16)
			m.Header.Set(nats.MsgIdHdr, p.id(r.Seq))
			if chained {
				m.Header.Set(nats.ExpectedLastSeqHdr, strconv.FormatUint(tail+uint64(len(flying)), 10))
			}
			if err := l.nc.PublishMsg(m); err != nil {
				return fmt.Errorf("publishing: %w", err)
			}
			if len(flying) == 0 {
				expire.Reset(answerTime)
			}
			last = r.Seq
			flying = append(flying, r.Seq)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.cut:
			if !l.nc.IsConnected() {
				return l.why()
			}
			return errAgain
		case <-expire.C:
			if len(flying) > 0 {
				return fmt.Errorf("no answer within %v", answerTime)
			}
		case <-p.spool.Wake():
		case m := <-l.acks:
			seq, ok := l.ackOf(m, run)
			if !ok {
				continue
			}
			stored, err := l.accepted(m)
			if err != nil {
				return err
			}
			expire.Reset(answerTime)
			if i := slices.Index(flying, seq); i >= 0 {
				// All before seq are stored if seq is, each under the next number.
				if tail += uint64(i) + 1; chained && stored != tail {
					return errAgain
				}
				flying = flying[i+1:]
				p.spool.Ack(seq)
			}
			if chained {
				l.known = place{stored, seq}
				limit = window
			}
		}
	}
}

// ackOf returns the number of the record that an answer is for.
func (l *natsLink) ackOf(m *nats.Msg, run string) (uint64, bool) {
	text, ok := strings.CutPrefix(m.Subject, l.inbox+"."+run+"-")
	seq, err := strconv.ParseUint(text, 16, 64)
	return seq, ok && err == nil
}

// accepted returns the number that a message got in the stream, or an error unless the
// answer says that it is there.
func (l *natsLink) accepted(m *nats.Msg) (uint64, error) {
	if m.Header.Get("Status") != "" && len(m.Data) == 0 {
		return 0, fmt.Errorf("no stream takes %s: status %s", l.p.prefix, m.Header.Get("Status"))
	}
	var ack struct {
		Stream string    `json:"stream"`
		Seq    uint64    `json:"seq"`
		Error  *apiError `json:"error"`
	}
	if err := decode("answer of the server", m.Data, &ack); err != nil {
		return 0, err
	}
	switch {
	case ack.Error == nil && ack.Stream == l.stream && ack.Seq > 0:
		return ack.Seq, nil
	case ack.Error == nil:
		return 0, fmt.Errorf("stream %q took message %d, expected stream %s to", ack.Stream, ack.Seq, l.stream)
	case ack.Error.ErrCode == codeWrongLastID || ack.Error.ErrCode == codeWrongLastSeq || ack.Error.ErrCode == codeWrongLastAny:
		return 0, errAgain // the stream is further, or less far, than was thought
	}
	return 0, fmt.Errorf("stream %s: %w", l.stream, ack.Error)
}
