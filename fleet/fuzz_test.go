package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
)

// FuzzMessages reads all that comes from the network: what is taken keeps to its
// bounds, and says the same when it is written and read again.
func FuzzMessages(f *testing.F) {
	digest := Digest(nil)
	task := Task{Job: "j", Model: digest, Input: digest, Name: "a.npy", Size: 5, From: 0, To: 3}
	task.Key = task.key()
	job := Job{Name: "j", Model: digest, Chunk: 2, Inputs: []JobInput{{Name: "a.npy", File: "a.npy", SHA256: digest, Size: 5, Samples: 3, Labels: []int{1, -1, 2}}}}
	for _, v := range []any{
		State{Board: "pi-1", State: Running, Steps: 3}, Outcome{Board: "pi-1", Order: "a", OK: true}, Order{ID: "a", Op: Push, Model: digest, Size: 7},
		task, job, Result{Key: task.Key, Samples: []Said{{Class: 1, Scores: []float32{0, 1}, Steps: 10}}}, Failure{task.Key, "w", "it failed"},
		Disagreement{task, &Result{Key: task.Key}, &Result{Key: task.Key}},
		map[string]any{"stream": "snurun-pi-1", "seq": 5}, map[string]any{"error": apiError{400, codeWrongLastID, "wrong"}},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"board":"pi-1"}{}`))
	f.Add([]byte("\x00"))
	l := &natsLink{p: &Publisher{prefix: "snurun.pi-1"}, stream: "snurun-pi-1"}
	l.reads.Store(&api{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ReadState(data); err == nil && CheckName("board", s.Board) != nil {
			t.Errorf("state of board %q", s.Board)
		}
		if o, err := ReadOutcome(data); err == nil && CheckName("board", o.Board) != nil {
			t.Errorf("outcome of board %q", o.Board)
		}
		if o, err := l.order(t.Context(), data); err == nil {
			if o.Op != Push && o.Op != Rollback || o.ID == "" || len(o.ID) > 64 {
				t.Errorf("order %+v", o)
			}
			again(t, o)
		}
		if len(data) > 0 {
			if _, err := l.accepted(&nats.Msg{Data: data}); err == nil && !bytes.Contains(data, []byte("snurun-pi-1")) {
				t.Errorf("%q is taken for an acknowledgement", data)
			}
		}
		var task Task
		if decode("task", data, &task) == nil && task.check() == nil {
			if CheckName("job", task.Job) != nil || task.From < 0 || task.To <= task.From || task.To-task.From > maxChunk {
				t.Errorf("task %+v", task)
			}
			again(t, task)
		}
		var job Job
		if json.Unmarshal(data, &job) == nil && job.Check() == nil {
			n, samples := 0, 0
			for i, task := range job.Tasks {
				if task.To <= task.From || task.To > job.Inputs[i].Samples {
					t.Fatalf("task %+v of %d samples", task, job.Inputs[i].Samples)
				}
				samples += task.To - task.From
				if n++; n == 1000 {
					break
				}
			}
			if samples == 0 {
				t.Error("a job without samples")
			}
		}
		var a, b Result
		if decode("result", data, &a) == nil && decode("result", data, &b) == nil && !a.Same(&b) {
			t.Errorf("%s is not the same as itself", data)
		}
		var failure Failure
		if decode("failure", data, &failure) == nil {
			again(t, failure)
		}
		var d Disagreement
		if decode("disagreement", data, &d) == nil && d.First != nil && d.Second != nil {
			if s := short(d.First); len(s.Samples) > len(d.First.Samples) {
				t.Error("shortened to more")
			}
		}
		var info streamInfo
		_ = decode("answer of the server", data, &info)
	})
}

// again writes a value and reads it.
func again[T any](t *testing.T, v T) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var w T
	if err := decode("value", data, &w); err != nil {
		t.Fatal(err)
	}
	if twice, err := json.Marshal(w); err != nil || !bytes.Equal(data, twice) {
		t.Errorf("%s becomes %s, %v", data, twice, err)
	}
}

// FuzzSpool opens a folder of which state and a segment are what a disk gives back:
// every record is given out or counted, once, and new ones go on behind. Of a segment
// of which bytes are others, or the end is missing, all are accounted for.
func FuzzSpool(f *testing.F) {
	const n = 6
	dir := f.TempDir()
	s, err := OpenSpool(dir, SpoolOptions{})
	if err != nil {
		f.Fatal(err)
	}
	for i := range n {
		if _, err := s.Append(Decision, fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			f.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	segment, written := onlySegment(f, dir)
	state, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state, written, []byte{})
	f.Add([]byte("x"), written[:len(written)-3], []byte{0, 1})
	f.Add(state, make([]byte, 100), []byte{0, 1, 20, 255, 17, 3})
	f.Add(append(state, "gone 100000002 100000003\n"...), written, []byte{40})
	f.Fuzz(func(t *testing.T, anyState, anything, damage []byte) {
		accounted(t, t.TempDir(), segment, anyState, anything, -1)
		data := bytes.Clone(written)
		for ; len(damage) > 1; damage = damage[2:] {
			data[int(damage[0])%len(data)] ^= damage[1]
		}
		if len(damage) > 0 {
			data = data[:int(damage[0])%len(data)]
		}
		accounted(t, t.TempDir(), segment, state, data, n)
	})
}

// accounted opens a spool that has a state and a segment, in which there were a number
// of records, −1 if that is not known, and opens it again.
func accounted(t *testing.T, dir, segment string, state, data []byte, written int) {
	t.Helper()
	for name, data := range map[string][]byte{segment: data, stateFile: state} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenSpool(dir, SpoolOptions{})
	if err != nil {
		return
	}
	kept, first := all(t, s), s.State()
	if int(first.Pending) != len(kept) || written >= 0 && (len(kept)+int(first.Lost) != written || first.Lost != first.Dropped || !slices.IsSorted(kept)) {
		t.Errorf("%q of %d records, %+v", kept, written, first)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenSpool(dir, SpoolOptions{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if again := s.State(); again.Lost != 0 || again.Dropped != first.Dropped || again.Pending != first.Pending {
		t.Errorf("opened again: %+v, first %+v", again, first)
	}
	if _, err := s.Append(Decision, []byte(`{"new":true}`)); err != nil {
		t.Fatal(err)
	}
	if got := takeAll(t, s); !slices.Equal(got, append(kept, `{"new":true}`)) {
		t.Errorf("%q were taken, expected %q and a new one", got, kept)
	}
}
