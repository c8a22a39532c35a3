package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// State is the health of a board: what it says every few seconds, and the newest
// of which is kept.
type State struct {
	Board  string    `json:"board"`
	Time   time.Time `json:"time"`  // by the board's clock
	State  string    `json:"state"` // running, stopped, or offline if the board went away without a word
	Uptime float64   `json:"uptime_s"`

	Steps       int64   `json:"steps"`
	Decisions   int64   `json:"decisions"`
	StepsPerS   float64 `json:"steps_per_s"`
	PerS        float64 `json:"decisions_per_s"`
	LagUS       float64 `json:"lag_us"`
	Temperature float64 `json:"temperature_c,omitempty"` // of the warmest zone; absent if the system does not tell

	Model    string `json:"model"`     // SHA-256 of the file
	SelfTest string `json:"self_test"` // ok, none, or what failed
	Kernel   string `json:"kernel"`
	Version  string `json:"version"` // of snurun

	Waiting int64 `json:"waiting"` // messages in the spool
	Dropped int64 `json:"dropped"` // messages that found no room in it
}

// The values of State.State.
const (
	Running = "running"
	Stopped = "stopped"
	Offline = "offline"
)

// Order is a command to a board.
type Order struct {
	ID    string    `json:"id"`
	Time  time.Time `json:"time"`
	Op    string    `json:"op"`              // push or rollback
	Model string    `json:"model,omitempty"` // SHA-256 of the file to take
	Size  int64     `json:"size,omitempty"`
	From  string    `json:"from,omitempty"` // what the operator calls it
}

// The values of Order.Op.
const (
	Push     = "push"
	Rollback = "rollback"
)

// Outcome is what became of an order.
type Outcome struct {
	Board string    `json:"board,omitempty"`
	Time  time.Time `json:"time"`  // by the board's clock
	Order string    `json:"order"` // its id
	Op    string    `json:"op"`
	OK    bool      `json:"ok"`
	Model string    `json:"model"` // SHA-256 of what the board runs now
	Was   string    `json:"was"`   // and before
	Error string    `json:"error,omitempty"`
}

// Task is a piece of a job: samples From up to To of an input.
type Task struct {
	Job   string `json:"job"`
	Key   string `json:"key"`
	Model string `json:"model"` // SHA-256 of the model
	Input string `json:"input"` // SHA-256 of the input
	Name  string `json:"name"`  // base name of the input's file, which tells some formats
	Path  string `json:"path,omitempty"`
	Size  int64  `json:"size"`
	From  int    `json:"from"`
	To    int    `json:"to"`
	Options
}

// Options say how samples are presented, as the flags of classify do.
type Options struct {
	Seed   uint64  `json:"seed"`
	Steps  int     `json:"steps,omitempty"`
	Margin float32 `json:"margin,omitempty"`
}

// Result is what a worker found of a task.
type Result struct {
	Key     string `json:"key"`
	Worker  string `json:"worker"`
	Kernel  string `json:"kernel"`
	Samples []Said `json:"samples"`
}

// Failure says why a task has no result: what it ended with when it was given out for
// the last time.
type Failure struct {
	Key    string `json:"key"`
	Worker string `json:"worker"`
	Error  string `json:"error"`
}

// Said is what a network says of one sample.
type Said struct {
	Class   int       `json:"class"`
	Scores  []float32 `json:"scores"`
	Steps   int       `json:"steps"`
	Spikes  int64     `json:"spikes"`
	SynOps  int64     `json:"synops"`
	Latency float64   `json:"latency_us"`
}

// Same reports whether two results are the same but for who found them and how
// long it took.
func (r *Result) Same(o *Result) bool {
	if r.Key != o.Key || len(r.Samples) != len(o.Samples) {
		return false
	}
	for i := range r.Samples {
		a, b := r.Samples[i], o.Samples[i]
		a.Latency, b.Latency = 0, 0
		x, errX := json.Marshal(a)
		y, errY := json.Marshal(b)
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// Disagreement is two results of the same task that differ. One of the workers
// does not compute what its model says.
type Disagreement struct {
	Task   Task    `json:"task"`
	First  *Result `json:"first"`
	Second *Result `json:"second"`
}

// decode reads one JSON value of at most MaxMessage, which nothing follows.
func decode(what string, data []byte, v any) error {
	return decodeUpTo(what, MaxMessage, data, v)
}

// decodeUpTo is decode, of a value that may have so many bytes.
func decodeUpTo(what string, most int, data []byte, v any) error {
	if len(data) > most {
		return fmt.Errorf("fleet: %s of %d bytes, expected at most %d", what, len(data), most)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("fleet: %s: %w", what, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("fleet: %s: found more than one JSON value", what)
	}
	return nil
}

// ReadState reads a State that came from the network.
func ReadState(data []byte) (State, error) {
	var s State
	err := decode("health", data, &s)
	if err == nil {
		err = CheckName("board", s.Board)
	}
	return s, err
}

// ReadOutcome reads an Outcome that came from the network.
func ReadOutcome(data []byte) (Outcome, error) {
	var o Outcome
	err := decode("report", data, &o)
	if err == nil {
		err = CheckName("board", o.Board)
	}
	return o, err
}

// isDigest reports whether s is a SHA-256 in lower-case hexadecimal.
func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
