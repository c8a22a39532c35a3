package hub

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/snurun/snurun/fleet"
)

// FuzzPage shows what boards and workers send, whatever it is: the page gets JSON, and
// what is kept of a disagreement is bounded.
func FuzzPage(f *testing.F) {
	for _, text := range []string{
		`{"board":"pi-1","class":7}`, `{"board":"pi-1","state":"running","steps":5}`, `{"board":"pi-1","order":"a","ok":true}`, `{"a":`, "",
		`{"task":{"job":"j","name":"a.npy","input":"00"},"first":{"worker":"w1"},"second":{"worker":"w2"}}`,
	} {
		f.Add("snurun.pi-1.decision", []byte(text))
	}
	f.Add("snurun", []byte("{}"))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		p := newPage(&Hub{o: Options{Users: "some"}, log: &lines{print: func(string) {}}})
		now := time.Unix(1_800_000_000, 0)
		for kind, take := range takes {
			if b := p.board(subject); b != nil {
				take(b, data, now)
				if kind == fleet.Decision && b.count != 1 {
					t.Errorf("%d decisions", b.count)
				}
			}
		}
		p.disagree(data)
		for _, d := range p.differ {
			if len(d.Name)+len(d.Input)+len(d.Job) > 1000 || len(p.byWorker) == 0 {
				t.Errorf("kept is %.100q of %d bytes", d.Name, len(d.Name))
			}
		}
		out, err := p.boardsJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(out) {
			t.Errorf("%q", out)
		}
	})
}
