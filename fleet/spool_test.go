package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, dir string, o SpoolOptions) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s *Spool, text string) uint64 {
	t.Helper()
	seq, err := s.Append(Decision, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// all returns what is in a spool, without taking it out.
func all(t *testing.T, s *Spool) (texts []string) {
	t.Helper()
	last := uint64(0)
	for {
		r, ok, err := s.Next(last)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return texts
		}
		if r.Seq <= last {
			t.Fatalf("record %d behind %d", r.Seq, last)
		}
		last = r.Seq
		texts = append(texts, string(r.Data))
	}
}

func expect(t *testing.T, s *Spool, want ...string) {
	t.Helper()
	if got := all(t, s); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the spool has %q, expected %q", got, want)
	}
	if n := s.State().Pending; n != int64(len(want)) {
		t.Errorf("%d records wait, expected %d", n, len(want))
	}
}

// TestSpool keeps what was not acknowledged over runs, under numbers that grow.
func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, SpoolOptions{})
	id := s.ID()
	put(t, s, "a")
	b := put(t, s, "b")
	put(t, s, "c")
	expect(t, s, "a", "b", "c")
	s.Ack(b)
	expect(t, s, "c")
	if _, err := OpenSpool(dir, SpoolOptions{}); err == nil {
		t.Error("two have the same spool")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(Decision, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v from a closed spool", err)
	}
	s = open(t, dir, SpoolOptions{})
	if s.ID() != id {
		t.Errorf("the id is %s, was %s", s.ID(), id)
	}
	expect(t, s, "c")
	d := put(t, s, "d")
	if d <= b || d>>32 == b>>32 {
		t.Errorf("number %x behind %x of the run before", d, b)
	}
	expect(t, s, "c", "d")
	s.Ack(d)
	expect(t, s)
	s.Ack(b) // once more
	s.Ack(1 << 60)
	expect(t, s)
}

// TestSpoolTorn opens spools of which the end was lost, or a byte is another, as after
// a power cut: what is whole is there, and what is not is counted, once.
func TestSpoolTorn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, SpoolOptions{})
	const n = 3
	for i := range n {
		put(t, s, fmt.Sprint("text", i))
	}
	s.Close()
	name, whole := onlySegment(t, dir)
	const each = recordHead + len("text0")
	step := 1
	if testing.Short() {
		step = 5
	}
	for cut := 0; cut < len(whole); cut += step {
		for _, damage := range []bool{false, true} {
			t.Run(fmt.Sprint(cut, damage), func(t *testing.T) {
				t.Parallel()
				data, lost := append([]byte(nil), whole[:cut]...), min(cut%each, 1)
				var texts []string
				for i := range n {
					if i != cut/each && (damage || i < cut/each) {
						texts = append(texts, fmt.Sprint("text", i))
					}
				}
				if damage {
					data, lost = append([]byte(nil), whole...), 1
					data[cut] ^= 0x40
				}
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
				s := open(t, dir, SpoolOptions{})
				expect(t, s, texts...)
				if state := s.State(); state.Lost != int64(lost) || state.Dropped != int64(lost) {
					t.Errorf("%+v, expected %d lost", state, lost)
				}
				put(t, s, "new")
				s.Close()
				s = open(t, dir, SpoolOptions{})
				expect(t, s, append(texts, "new")...)
				if state := s.State(); state.Lost != 0 || state.Dropped != int64(lost) {
					t.Errorf("opened again: %+v, expected %d dropped before", state, lost)
				}
				takeAll(t, s)
			})
		}
	}
}

// onlySegment returns the name and the bytes of the one segment of a spool that has any.
func onlySegment(t testing.TB, dir string) (name string, data []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentTail))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if data, err = os.ReadFile(files[0]); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(files[0]), data
}

// takeAll takes everything out of a spool: then nothing waits.
func takeAll(t *testing.T, s *Spool) (texts []string) {
	t.Helper()
	for {
		r, ok, err := s.Next(0)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		texts = append(texts, string(r.Data))
		s.Ack(r.Seq)
	}
	if state := s.State(); state.Pending != 0 {
		t.Errorf("%+v, expected that nothing waits", state)
	}
	return texts
}

// TestSpoolHole puts zeros, and noise, over many records of a segment, and takes the end
// of one and all of another away: what is left comes in order, and as many are counted
// as are not there.
func TestSpoolHole(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 4096)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	for name, change := range map[string]func(segments [][]byte) [][]byte{
		"zeros":        func(s [][]byte) [][]byte { copy(s[0][1000:], make([]byte, 4096)); return s },
		"noise":        func(s [][]byte) [][]byte { copy(s[0][1000:], noise); return s },
		"bytes less":   func(s [][]byte) [][]byte { s[0] = slices.Delete(s[0], 1000, 1100); return s },
		"bytes more":   func(s [][]byte) [][]byte { s[0] = slices.Insert(s[0], 1000, noise...); return s },
		"the end":      func(s [][]byte) [][]byte { s[0] = s[0][:5000]; return s },
		"the last end": func(s [][]byte) [][]byte { s[2] = s[2][:50]; return s },
		"one less":     func(s [][]byte) [][]byte { s[1] = nil; return s },
		"the last":     func(s [][]byte) [][]byte { s[2] = nil; return s },
		"all":          func(s [][]byte) [][]byte { return make([][]byte, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir, SpoolOptions{Bytes: MinSpool})
			n := 0
			for ; len(s.segments) < 3 || s.segments[2].size < 1000; n++ {
				put(t, s, fmt.Sprintf("%05d", n))
			}
			var names []string
			var data [][]byte
			for _, g := range s.segments {
				text, err := os.ReadFile(g.path)
				if err != nil {
					t.Fatal(err)
				}
				names, data = append(names, g.path), append(data, text)
			}
			s.Close()
			for i, text := range change(data) {
				err := os.Remove(names[i])
				if text != nil {
					err = os.WriteFile(names[i], text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			var dropped int64
			for i := range 2 {
				s = open(t, dir, SpoolOptions{Bytes: MinSpool})
				texts, state := all(t, s), s.State()
				if !slices.IsSorted(texts) || int(state.Pending) != len(texts) || len(texts)+int(state.Dropped) != n || state.Dropped == 0 {
					t.Errorf("%d of %d records, %+v", len(texts), n, state)
				}
				if i == 0 {
					dropped = state.Dropped
				}
				if state.Lost != dropped*int64(1-i) || state.Dropped != dropped {
					t.Errorf("opened %d times: %+v, expected %d dropped", i+1, state, dropped)
				}
				s.Close()
			}
			if name != "all" && dropped > int64(n/2+20) {
				t.Errorf("%d of %d records are lost", dropped, n)
			}
		})
	}
}

// TestSpoolDamaged damages what an open spool has written, and takes a segment away:
// what cannot be read back is passed over, and counted.
func TestSpoolDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, SpoolOptions{Bytes: MinSpool})
	text := strings.Repeat("x", 1000)
	const n = 40
	for i := range n {
		put(t, s, fmt.Sprint(i, text))
	}
	if len(s.segments) < 4 {
		t.Fatalf("%d segments", len(s.segments))
	}
	// The first record, the last one, and the segment before the last.
	for _, c := range []struct {
		g  *segment
		at int64
	}{{s.segments[0], recordHead}, {s.segments[len(s.segments)-1], s.segments[len(s.segments)-1].size - 1}} {
		data, err := os.ReadFile(c.g.path)
		if err != nil {
			t.Fatal(err)
		}
		data[c.at] ^= 1
		if err := os.WriteFile(c.g.path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	away := s.segments[len(s.segments)-2]
	if err := os.Remove(away.path); err != nil {
		t.Fatal(err)
	}
	got := all(t, s)
	if lost := 2 + len(away.sizes); len(got) != n-lost || s.State().Lost != int64(lost) || s.State().Dropped != int64(lost) || !strings.HasPrefix(got[0], "1x") {
		t.Errorf("%d records of %d, %+v, expected %d lost", len(got), n, s.State(), lost)
	}
	if again := all(t, s); len(again) != len(got) || s.State().Lost != int64(n-len(got)) {
		t.Errorf("read again: %d records, %+v", len(again), s.State())
	}
	lost := s.State().Dropped
	s.Close()
	s = open(t, dir, SpoolOptions{Bytes: MinSpool})
	expect(t, s, got...)
	if state := s.State(); state.Lost != 0 || state.Dropped != lost {
		t.Errorf("opened again: %+v, expected %d dropped before", state, lost)
	}
	s.Ack(uint64(1)<<32 + n - 1) // the last but one; the last cannot be sent
	if state := s.State(); state.Pending != 0 {
		t.Errorf("%+v, expected that nothing waits", state)
	}
	put(t, s, "new")
	expect(t, s, "new")
}

// TestSpoolFull fills a spool: the newest are dropped, or the oldest, and counted,
// and the disk takes no more than the bound.
func TestSpoolFull(t *testing.T) {
	t.Parallel()
	for _, oldest := range []bool{false, true} {
		dir := t.TempDir()
		s := open(t, dir, SpoolOptions{Bytes: MinSpool, DropOldest: oldest})
		const n = 10_000
		for i := range n {
			_, err := s.Append(Decision, fmt.Appendf(nil, "%08d", i))
			if err != nil && (oldest || !errors.Is(err, ErrFull)) {
				t.Fatal(err)
			}
		}
		texts, state := all(t, s), s.State()
		if state.Dropped+state.Pending != n || int(state.Pending) != len(texts) || state.Dropped == 0 || state.Bytes > MinSpool {
			t.Errorf("oldest %v: %+v, %d texts of %d", oldest, state, len(texts), n)
		}
		if oldest && texts[len(texts)-1] != fmt.Sprintf("%08d", n-1) || !oldest && texts[0] != "00000000" {
			t.Errorf("oldest %v: from %s to %s", oldest, texts[0], texts[len(texts)-1])
		}
		for i := 1; i < len(texts); i++ {
			if texts[i] <= texts[i-1] {
				t.Fatalf("%s behind %s", texts[i], texts[i-1])
			}
		}
		r, _, err := s.Next(0)
		if err != nil {
			t.Fatal(err)
		}
		s.Ack(r.Seq + uint64(len(texts)) - 1)
		expect(t, s)
		put(t, s, "again")
		expect(t, s, "again")
		s.Close()
		if s = open(t, dir, SpoolOptions{Bytes: MinSpool}); s.State().Dropped != state.Dropped {
			t.Errorf("%d dropped, expected %d of the run before", s.State().Dropped, state.Dropped)
		}
	}
}

// TestSpoolAtOnce appends, reads and acknowledges from several goroutines: each
// record is read once, in order, whole.
func TestSpoolAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), SpoolOptions{Bytes: 1 << 20})
	const writers, each = 4, 2000
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				for {
					if _, err := s.Append(Summary, fmt.Appendf(nil, "%d %d", w, i)); err == nil {
						break
					} else if !errors.Is(err, ErrFull) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	next, last := [writers]int{}, uint64(0)
	for n := 0; n < writers*each; {
		r, ok, err := s.Next(last)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			<-s.Wake()
			continue
		}
		var w, i int
		if _, err := fmt.Sscan(string(r.Data), &w, &i); err != nil || next[w] != i || r.Kind != Summary {
			t.Fatalf("%q, %v, expected number %d", r.Data, err, next[w])
		}
		next[w]++
		last = r.Seq
		if n++; n%10 == 0 {
			s.Ack(last)
		}
	}
	wait.Wait()
	s.Ack(last)
	expect(t, s)
}

// TestSpoolRefuses says what is wrong.
func TestSpoolRefuses(t *testing.T) {
	t.Parallel()
	if _, err := OpenSpool(t.TempDir(), SpoolOptions{Bytes: 1}); err == nil || !strings.Contains(err.Error(), "expected 65536 or more") {
		t.Error(err)
	}
	s := open(t, t.TempDir(), SpoolOptions{})
	if _, err := s.Append("gossip", nil); err == nil {
		t.Error("a kind that is none was taken")
	}
	if _, err := s.Append(Decision, make([]byte, MaxMessage)); err == nil {
		t.Error("a record that is too long was taken")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSpool(file, SpoolOptions{}); err == nil {
		t.Error("a file was taken for a folder")
	}
}

// TestSpoolNoSegment lets a spool that cannot make a file go on with the one that it
// has, and take messages again once it can.
func TestSpoolNoSegment(t *testing.T) {
	t.Parallel()
	s, err := OpenSpool(t.TempDir(), SpoolOptions{Bytes: MinSpool})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	add := func(n int) (last uint64) {
		t.Helper()
		for range n {
			if last, err = s.Append(Decision, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		return last
	}
	dir := s.dir
	last := add(5)
	in := func(dir string) {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.dir = dir
	}
	in(filepath.Join(dir, "away"))
	s.Ack(last) // wants a new segment
	last = add(1)
	s.lock.Lock()
	s.broken = errors.New("half a record could not be cut off")
	s.lock.Unlock()
	for range 2 {
		if _, err := s.Append(Decision, []byte("{}")); err == nil {
			t.Error("a broken segment took a record")
		}
	}
	in(dir)
	if r, ok, err := s.Next(0); err != nil || !ok || r.Seq != last {
		t.Errorf("record %d, %v, %v, expected %d", r.Seq, ok, err, last)
	}
	last = add(20)
	if r, ok, err := s.Next(last - 1); err != nil || !ok || r.Seq != last {
		t.Errorf("record %d, %v, %v, expected %d", r.Seq, ok, err, last)
	}
}

// TestSpoolLostWhileRead loses all records of a segment but the first when the spool is
// opened, and the first, with the segment, while it is read.
func TestSpoolLostWhileRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, SpoolOptions{Bytes: MinSpool})
	text := strings.Repeat("x", 1000)
	for len(s.segments) < 2 {
		put(t, s, text)
	}
	put(t, s, "last")
	g := s.segments[0]
	s.Close()
	damage := func(from, to int) {
		data, err := os.ReadFile(g.path)
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			data[g.offset(i)+recordHead] ^= 1
		}
		if err := os.WriteFile(g.path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage(1, len(g.sizes))
	s = open(t, dir, SpoolOptions{Bytes: MinSpool})
	damage(0, 1)
	if got := all(t, s); len(got) != 2 || got[0] != text || got[1] != "last" {
		t.Errorf("%d records, expected the 2 behind the segment", len(got))
	}
	if state := s.State(); state.Lost != int64(len(g.sizes)) || state.Pending != 2 {
		t.Errorf("%+v, expected %d lost, 2 that wait", state, len(g.sizes))
	}
}

// counted counts the bytes that are read of a file.
type counted struct {
	io.ReaderAt
	n int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	c.n += len(p)
	return c.ReaderAt.ReadAt(p, at)
}

// TestSpoolHeads looks for a record in 64 KiB of what looks like heads of records of half
// a megabyte: what is read is bounded, and is nothing where none can be found.
func TestSpoolHeads(t *testing.T) {
	t.Parallel()
	file := append(bytes.Repeat([]byte{0, 0, 8, 0}, 1<<14), make([]byte, 1<<20)...)
	for most, bound := range []int{0, maxTried + 1<<20} {
		c := &counted{ReaderAt: bytes.NewReader(file)}
		n, _, err := resume(c, 0, int64(len(file)), 1, uint64(most))
		if n != 0 || err != nil || c.n > bound {
			t.Errorf("of %d records at most %d were found, %v, in %d bytes, expected none in %d", most, n, err, c.n, bound)
		}
	}
}
