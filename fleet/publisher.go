package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// PublisherOptions say what a board publishes, and where.
type PublisherOptions struct {
	Access
	Board string // its name, see BoardName
	Spool string // folder of the spool
	SpoolOptions

	// Log, if set, is told in one line when the connection comes or goes, and of
	// what is refused or dropped.
	Log func(string)

	// Discovery is the topic below which Home Assistant looks for devices; empty:
	// none is announced. Of MQTT alone.
	Discovery string

	// Obey, if set, is called with every order for the board, each once, and
	// returns what came of it. Of NATS alone.
	Obey func(context.Context, Order, []byte) Outcome
}

// Publisher sends what a board finds. Its methods return at once; what cannot be
// sent stays in the spool. NewPublisher makes one.
type Publisher struct {
	o      PublisherOptions
	prefix string // subject
	spool  *Spool
	link   link
	stop   context.CancelFunc
	done   chan struct{}

	lock    sync.Mutex
	state   State
	toldAt  time.Time // when drops were told
	dropped int64     // drops that were told
	lost    int64     // of them, those of a damaged spool
	down    error     // why the link is down, nil if it is up
	begun   bool      // whether anything was said of the link
}

// link is a way to a hub.
type link interface {
	// session sends what is in the spool until ctx is done or something fails. It
	// calls up once it is connected.
	session(ctx context.Context, up func()) error
	// health sends the state, if there is a connection.
	health(data []byte)
	close()
}

// errAgain is the error of a session that has to begin anew, at once.
var errAgain = errors.New("fleet: begin anew")

// NewPublisher opens the spool and begins to send. It does not wait for the hub.
func NewPublisher(o PublisherOptions) (*Publisher, error) {
	if err := CheckName("board", o.Board); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	t, err := o.parse()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	p := &Publisher{o: o, prefix: Prefix(o.Board), done: make(chan struct{})}
	if t.path != "" {
		if p.prefix = strings.ReplaceAll(t.path, "/", "."); !goodPrefix(p.prefix) {
			return nil, fmt.Errorf("%w: the path of %q, expected a subject such as snurun.%s", ErrURL, o.URL, o.Board)
		}
	}
	if p.spool, err = OpenSpool(o.Spool, o.SpoolOptions); err != nil {
		return nil, err
	}
	p.dropped = p.spool.State().Dropped - p.spool.State().Lost
	switch t.scheme {
	case "nats", "tls":
		p.link, err = newNATS(p, t)
	default:
		p.link, err = newMQTT(p, t)
	}
	if err != nil {
		p.spool.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go p.run(ctx)
	return p, nil
}

func goodPrefix(s string) bool {
	for token := range strings.SplitSeq(s, ".") {
		if !name.MatchString(token) {
			return false
		}
	}
	return len(s) <= 200
}

// Decision sends a line of JSON, an object, as a decision.
func (p *Publisher) Decision(line []byte) { p.append(Decision, line) }

// Summary sends a line of JSON, an object, as that of a run.
func (p *Publisher) Summary(line []byte) { p.append(Summary, line) }

// Report sends what became of an order.
func (p *Publisher) Report(o Outcome) {
	o.Board, o.Time = "", time.Now() // every message begins with the board
	if data, err := json.Marshal(o); err == nil {
		p.append(Report, data)
	}
}

func (p *Publisher) append(kind string, line []byte) {
	_, err := p.spool.Append(kind, line)
	if err == nil {
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if time.Since(p.toldAt) > 10*time.Second || p.toldAt.IsZero() {
		p.toldAt = time.Now()
		p.o.Log(fmt.Sprintf("a %s was dropped, %d so far: %v", kind, p.spool.State().Dropped, err))
	}
}

// Health sends the state of the board. Name, time and what the spool holds are
// filled in.
func (p *Publisher) Health(s State) {
	w := p.spool.State()
	s.Board, s.Time, s.Waiting, s.Dropped = p.o.Board, time.Now(), w.Pending, w.Dropped
	if s.State == "" {
		s.State = Running
	}
	p.lock.Lock()
	p.state = s
	told, lost := p.dropped, w.Lost-p.lost
	p.dropped, p.lost = w.Dropped, w.Lost
	p.lock.Unlock()
	if lost > 0 {
		p.o.Log(fmt.Sprintf("the spool %s is damaged: %d messages could not be read back and are dropped, %d in all", p.o.Spool, lost, w.Dropped))
	}
	if n := w.Dropped - told - lost; n > 0 {
		p.o.Log(fmt.Sprintf("the spool has no room: %d messages dropped since the last health, %d in all", n, w.Dropped))
	}
	p.link.health(encodeState(s))
}

func encodeState(s State) []byte {
	data, err := json.Marshal(s)
	if err != nil { // a number that JSON has not
		s.StepsPerS, s.PerS, s.LagUS, s.Temperature, s.Uptime = 0, 0, 0, 0, 0
		data, _ = json.Marshal(s)
	}
	return data
}

// Waiting returns what is in the spool.
func (p *Publisher) Waiting() SpoolState { return p.spool.State() }

// Close waits until everything is sent, or ctx is done, and ends. What is left is
// sent by the next publisher of the same spool. The error says how much that is.
func (p *Publisher) Close(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
wait:
	for p.spool.State().Pending > 0 {
		select {
		case <-ctx.Done():
			break wait
		case <-tick.C:
		}
	}
	p.lock.Lock()
	s := p.state
	p.lock.Unlock()
	s.State = Stopped
	p.Health(s)
	p.stop()
	<-p.done
	p.link.close()
	left := p.spool.State().Pending
	if err := p.spool.Close(); err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("fleet: %d messages were not sent; they wait in %s for the next run", left, p.o.Spool)
	}
	return nil
}

// The pauses between attempts.
const (
	shortestPause = 200 * time.Millisecond
	longestPause  = 10 * time.Second
)

// run has session after session.
func (p *Publisher) run(ctx context.Context) {
	defer close(p.done)
	pause := shortestPause
	for ctx.Err() == nil {
		err := p.link.session(ctx, func() {
			pause = shortestPause
			p.up()
		})
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errAgain) {
			err = nil
		} else {
			p.isDown(err)
		}
		if err == nil {
			pause = shortestPause
		}
		jitter := time.Duration(rand.Int64N(int64(pause)/2 + 1))
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + jitter):
		}
		pause = min(2*pause, longestPause)
	}
}

func (p *Publisher) up() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.begun && p.down == nil {
		return
	}
	p.begun, p.down = true, nil
	n := p.spool.State().Pending
	text := "connected to " + p.o.URL
	if n > 0 {
		text += fmt.Sprintf(", %d messages wait in the spool", n)
	}
	p.o.Log(text)
}

func (p *Publisher) isDown(err error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.begun && p.down != nil && p.down.Error() == err.Error() {
		return
	}
	p.begun, p.down = true, err
	p.o.Log(fmt.Sprintf("no connection to %s: %v; messages wait in %s", p.o.URL, err, p.o.Spool))
}

// id returns the message id of a record: that of the spool and the number.
func (p *Publisher) id(seq uint64) string {
	return p.spool.ID() + "-" + strconv.FormatUint(seq, 16)
}

// seqOf returns the number in a message id of this spool.
func (p *Publisher) seqOf(id string) (uint64, bool) {
	text, ok := strings.CutPrefix(id, p.spool.ID()+"-")
	seq, err := strconv.ParseUint(text, 16, 64)
	return seq, ok && err == nil
}

// message returns the payload of a record: its object with board and id in front.
func (p *Publisher) message(r Record) []byte {
	head := fmt.Sprintf(`{"board":%q,"id":%q`, p.o.Board, p.id(r.Seq))
	body := strings.TrimSpace(string(r.Data))
	body, ok := strings.CutPrefix(body, "{")
	if !ok {
		body = "}"
	}
	if strings.TrimSpace(body) != "}" {
		head += ","
	}
	return append([]byte(head), body...)
}
