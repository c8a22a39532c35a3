package serve

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// FuzzScanner compares what is JSON, and what a number is, with encoding/json.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `[1,2.5,-3e4]`, `{"a":[{"b":null},true,"x\u00e9\n"]}`, `{"a":1,}`, `[01]`, `[1.]`, `[.5]`, `[-]`, `[1e]`, `[1e+]`, `"\ud800"`, `"\x"`, "\"\x01\"", `nul`, ` `, ``, `1 2`,
		`[0.1,1e-45,1e-46,3.4028236e38,16777217,0.49803922,9007199254740993,1e400]`, strings.Repeat("[", 70) + strings.Repeat("]", 70),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &scanner{b: b}
		err := s.skip(0)
		if s.next(); err == nil && s.i < len(b) {
			err = s.errorf("more")
		}
		if valid := json.Valid(b); valid != (err == nil) && !deep(b) {
			t.Fatalf("%q: valid is %v, %v", b, valid, err)
		}
		compareNumber(t, b)
		compareText(t, b)
	})
}

// deep reports whether there are more brackets than may nest.
func deep(b []byte) bool { return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxDepth }

func compareNumber(t *testing.T, b []byte) {
	t.Helper()
	s := &scanner{b: b}
	n, err := s.number()
	if err != nil || len(n.text) != len(b) {
		return
	}
	var v32 float32
	got, ok := n.float32()
	if err := json.Unmarshal(b, &v32); (err == nil) != ok || ok && math.Float32bits(got) != math.Float32bits(v32) {
		t.Errorf("%s: float32 %v %v, encoding/json %v, %v", b, got, ok, v32, err)
	}
	var whole int64
	if err := json.Unmarshal(b, &whole); err == nil {
		if got, ok := n.int64(); !ok || got != whole {
			t.Errorf("%s: int64 %v %v, encoding/json %v", b, got, ok, whole)
		}
	}
}

func compareText(t *testing.T, b []byte) {
	t.Helper()
	s := &scanner{b: b}
	got, err := s.text()
	if err != nil || s.i != len(b) {
		return
	}
	var want string
	if err := json.Unmarshal(b, &want); err != nil || got != want {
		t.Errorf("%q: %q, encoding/json %q, %v", b, got, want, err)
	}
}

// TestNumbers compares random numbers of every length, and those next to the middle
// of two float32, with encoding/json.
func TestNumbers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		var text []byte
		switch r.IntN(4) {
		case 0:
			text = strconv.AppendFloat(nil, float64(math.Float32frombits(r.Uint32()&0x7f7fffff)), 'g', r.IntN(17)+1, 64)
		case 1: // just between two float32
			v := math.Float32frombits(uint32(r.IntN(1<<28) + 1<<28))
			text = strconv.AppendFloat(nil, (float64(v)+float64(math.Nextafter32(v, 2)))/2, 'f', -1, 64)
		case 2:
			text = strconv.AppendFloat(nil, float64(r.IntN(256))/255, 'f', -1, 64)
		default:
			text = strconv.AppendUint(nil, r.Uint64()>>r.IntN(64), 10)
			if i := r.IntN(len(text)); i > 0 {
				text = append(text[:i:i], append([]byte("."), text[i:]...)...)
			}
		}
		compareNumber(t, text)
	}
}

// FuzzRequest reads requests as JSON and protocol buffers and runs what makes sense:
// nothing panics, and no error is the server's.
func FuzzRequest(f *testing.F) {
	s := newServer(f)
	m, err := s.Model("mnist")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range malformed {
		f.Add([]byte(c.body))
	}
	f.Add([]byte(`{"inputs":[{"name":"spikes","datatype":"UINT8","shape":[1,1,784],"data":[` + strings.Repeat("1,", 783) + `0]}],"outputs":[{"name":"membrane.0"}],"parameters":{"steps":3}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := s.newCall()
		defer s.free(c)
		err := c.request.readJSON(b)
		if err == nil {
			err = c.request.readBinary(nil)
		}
		if err == nil && c.request.params.steps < 100 {
			_, err = c.inference.run(t.Context(), s.gate, m, &c.request)
		}
		if err != nil && !clientFault(err) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
