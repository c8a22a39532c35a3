package fleet

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/snurun/snurun/internal/atomicfile"
)

// SpoolOptions say how much a spool keeps.
type SpoolOptions struct {
	// Bytes bounds what the spool takes on disk; 0 stands for DefaultSpool.
	Bytes int64

	// DropOldest makes room for new records by giving up the oldest; otherwise
	// what is new is given up while the spool is full.
	DropOldest bool
}

// DefaultSpool is the bound of a spool for which none is given.
const DefaultSpool = 64 << 20

// MinSpool is the least bound of a spool.
const MinSpool = 1 << 16

// Record is one message in a spool.
type Record struct {
	Seq  uint64 // grows from record to record, also from run to run
	Kind string // Decision, Summary or Report
	Data []byte
}

// Spool keeps messages on disk, in order, from Append until Ack. What Append took
// survives the end of the process at any moment; what was written in the second
// before a power cut may be lost. Several goroutines may use it.
//
// A segment is a file, named for the sequence number of its first record, of
// records one after another, little-endian:
//
//	length of the data  uint32
//	CRC-32C             uint32, of its number (uint64) and all that follows
//	kind                byte, index in Logged
//	data
//
// The file "state" has the id of the spool, the number of the run, what is acknowledged
// and how many records were dropped; then the number that the next record got when this
// was written, and which of those that wait were found to be damaged, so that none is
// counted twice.
type Spool struct {
	dir     string
	o       SpoolOptions
	id      string
	release func()

	lock     sync.Mutex
	segments []*segment // the last one is written to
	file     *os.File   // of the last one
	next     uint64
	acked    uint64 // all up to it are
	saved    uint64 // acked as the disk has it
	dirty    bool
	pending  int64
	dropped  int64
	lost     int64           // of those dropped, read back in vain
	gone     map[uint64]bool // these, as far as they are not acknowledged
	dropSave int64
	bytes    int64
	broken   error // why nothing can be appended
	wake     chan struct{}
	stop     chan struct{}
	done     chan struct{}
	closed   bool

	reader   *os.File // of the segment that Next read last
	readerOf *segment
}

// segment is a file of a spool.
type segment struct {
	path  string
	first uint64
	sizes []uint32 // of its records on disk, with what is damaged between them
	size  int64

	// The record asked for last and where it begins, so that reading on is cheap.
	atIndex  int
	atOffset int64
}

const (
	recordHead  = 9
	segmentTail = ".seg"
	stateFile   = "state"
	saveEvery   = time.Second
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenSpool opens a spool in dir, which is made if it is not there. One process at
// a time may have it.
func OpenSpool(dir string, o SpoolOptions) (*Spool, error) {
	if o.Bytes == 0 {
		o.Bytes = DefaultSpool
	}
	if o.Bytes < MinSpool {
		return nil, fmt.Errorf("fleet: spool of %d bytes, expected %d or more", o.Bytes, MinSpool)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("fleet: spool: %w", err)
	}
	release, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("fleet: spool %s: %w; expected one process for a spool: give each board its own", dir, err)
	}
	s := &Spool{dir: dir, o: o, release: release, gone: map[uint64]bool{}, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	if err := s.open(); err != nil {
		s.release()
		return nil, fmt.Errorf("fleet: spool %s: %w", dir, err)
	}
	go s.keep()
	return s, nil
}

// open reads the state and all segments, and begins a run.
func (s *Spool) open() error {
	st, err := s.readState()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	run, whole := st.run, false
	for _, e := range entries {
		hex, ok := strings.CutSuffix(e.Name(), segmentTail)
		first, err := strconv.ParseUint(hex, 16, 64)
		if !ok || err != nil || len(hex) != 16 || !e.Type().IsRegular() {
			continue
		}
		run = max(run, first>>32)
		whole = whole || first>>32 == st.next>>32
		s.segments = append(s.segments, &segment{path: s.path(first), first: first})
	}
	if first := max(st.next>>32<<32|1, s.acked+1); !whole && st.next > first { // somebody removed what waits
		s.segments = append(s.segments, &segment{path: s.path(first), first: first})
	}
	slices.SortFunc(s.segments, func(a, b *segment) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	for i, g := range s.segments {
		// The segment behind it, or the state, tell how many records it had.
		count, exact := uint64(0), false
		if i+1 < len(s.segments) && s.segments[i+1].first>>32 == g.first>>32 {
			count, exact = s.segments[i+1].first-g.first, true
		} else if st.next>>32 == g.first>>32 && st.next > g.first {
			count = st.next - g.first
		}
		if count > maxRecords { // no spool has so many: the name is not one of this spool
			count, exact = 0, false
		}
		damaged, err := g.scan(count, exact)
		if err != nil {
			return err
		}
		s.bytes += g.size
		for _, seq := range damaged {
			if seq <= s.acked {
				continue
			}
			s.gone[seq] = true
			if !slices.ContainsFunc(st.gone, func(k span) bool { return k.first <= seq && seq <= k.last }) {
				s.dropped++
				s.lost++
			}
		}
	}
	// A new run has numbers that none before it can have used, whatever of it a
	// power cut took from the disk.
	s.next = (run+1)<<32 | 1
	if err := s.saveState(); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	for _, g := range s.segments {
		for i := range g.sizes {
			if seq := g.first + uint64(i); seq > s.acked && !s.gone[seq] {
				s.pending++
			}
		}
	}
	s.forget()
	s.ack(s.acked) // the first of those that wait may be damaged
	return nil
}

func (s *Spool) path(first uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016x%s", first, segmentTail))
}

// maxRecords bounds the records of a segment.
const maxRecords = 1 << 24

// scan lists the records of a segment, of which count is known to be the number, or the
// least that it can be. What is damaged is listed, too, and returned: the records behind
// it tell their numbers, and so how many they are.
func (g *segment) scan(count uint64, exact bool) (damaged []uint64, err error) {
	lose := func(n uint64, size int64) {
		for range n {
			damaged = append(damaged, g.first+uint64(len(g.sizes)))
			g.sizes = append(g.sizes, uint32(size))
			g.size += size
			size = 0
		}
	}
	f, err := os.Open(g.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		for !exact || uint64(len(g.sizes)) < count {
			seq := g.first + uint64(len(g.sizes))
			r, err := readRecord(f, g.size, seq)
			if err == nil {
				g.sizes = append(g.sizes, uint32(recordHead+len(r.Data)))
				g.size += recordHead + int64(len(r.Data))
				continue
			}
			if err == io.EOF {
				break
			}
			if !errors.Is(err, errRecord) {
				return nil, fmt.Errorf("fleet: spool: %w", err) // the disk, not the record
			}
			most := uint64(maxRecords)
			if exact {
				most = g.first + count - seq - 1
			}
			n, at, err := resume(f, g.size, info.Size(), seq, most)
			if err != nil {
				return nil, fmt.Errorf("fleet: spool: %w", err)
			}
			if n == 0 { // one at least
				lose(1, info.Size()-g.size)
				break
			}
			lose(n, at-g.size)
		}
	}
	if n := uint64(len(g.sizes)); n < count {
		lose(count-n, 0)
	}
	return damaged, nil
}

// maxTried bounds the bytes of which resume computes checksums.
const maxTried = 1 << 28

// resume looks for the first record behind one that is damaged, which begins at an
// offset and has the number seq. It returns how many are lost before the one that it
// found, at most as many as it is told, and where that begins; 0 for none.
func resume(f io.ReaderAt, from, end int64, seq, most uint64) (n uint64, at int64, err error) {
	if most == 0 { // the last record is damaged
		return 0, 0, nil
	}
	// Mostly the length is right.
	var head [recordHead]byte
	if got, _ := f.ReadAt(head[:], from); got == len(head) {
		at := from + recordHead + int64(binary.LittleEndian.Uint32(head[:]))
		if r, err := readRecord(f, at, seq+1); err == nil && len(r.Data) > 0 {
			return 1, at, nil
		}
	}
	block := make([]byte, 1<<16)
	tried := 0
	for begin := from + 1; begin < end; begin += int64(len(block)) - recordHead + 1 {
		got, err := f.ReadAt(block, begin)
		if err != nil && err != io.EOF {
			return 0, 0, err
		}
		for i := 0; i+recordHead <= got; i++ {
			head, at := block[i:i+recordHead], begin+int64(i)
			// A file that ends in zeros has no records there.
			size := binary.LittleEndian.Uint32(head)
			if size == 0 || size > MaxMessage || int(head[8]) >= len(Logged()) || at+recordHead+int64(size) > end {
				continue
			}
			data := make([]byte, size)
			if _, err := f.ReadAt(data, at+recordHead); err != nil {
				return 0, 0, err
			}
			// As many as fit before it, and some more of which the disk has nothing.
			for n := range min(most, uint64(at-from)/recordHead+64) {
				if tried += recordHead + len(data); tried > maxTried {
					return 0, 0, nil
				}
				if checksum(seq+n+1, head[8:], data) == binary.LittleEndian.Uint32(head[4:]) {
					return n + 1, at, nil
				}
			}
		}
	}
	return 0, 0, nil
}

var errRecord = errors.New("the record is not whole")

// readRecord reads the record at an offset, which has a number.
func readRecord(f io.ReaderAt, at int64, seq uint64) (r Record, err error) {
	var head [recordHead]byte
	if n, err := f.ReadAt(head[:], at); n < len(head) {
		if err == io.EOF && n > 0 {
			err = errRecord
		}
		return r, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	kind := int(head[8])
	if n > MaxMessage {
		return r, errRecord
	}
	r.Data = make([]byte, n)
	if got, err := f.ReadAt(r.Data, at+recordHead); got < len(r.Data) {
		if err == io.EOF {
			err = errRecord
		}
		return r, err
	}
	if kind >= len(Logged()) || checksum(seq, head[8:], r.Data) != binary.LittleEndian.Uint32(head[4:]) {
		return r, errRecord
	}
	r.Kind, r.Seq = Logged()[kind], seq
	return r, nil
}

// checksum is that of a record: its number is part of it, so that a length that is
// wrong cannot give a record the number of another.
func checksum(seq uint64, kind, data []byte) uint32 {
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, seq), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, kind), castagnoli, data)
}

// state is what the file of this name has, but for the id.
type state struct {
	run, next, acked uint64
	dropped          int64
	gone             []span
}

// span are numbers of records.
type span struct{ first, last uint64 }

// readState reads the state. One that cannot be read is that of a new spool, under a
// new id.
func (s *Spool) readState() (st state, err error) {
	text, err := os.ReadFile(filepath.Join(s.dir, stateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return st, err
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	var id string
	if n, err := fmt.Sscanf(first, "%16s %x %x %d", &id, &st.run, &st.acked, &st.dropped); err != nil || n != 4 || len(id) != 16 || st.run >= 1<<31 {
		s.id = strings.ToLower(rand.Text()[:16])
		return state{}, nil
	}
	for line := range strings.Lines(rest) {
		var k span
		if _, err := fmt.Sscanf(line, "next %x", &k.first); err == nil && k.first>>32 == st.run {
			st.next = k.first
		} else if _, err := fmt.Sscanf(line, "gone %x %x", &k.first, &k.last); err == nil {
			st.gone = append(st.gone, k)
		}
	}
	s.id, s.acked, s.dropped = id, st.acked, st.dropped
	return st, nil
}

// snapshot returns the state as it is.
func (s *Spool) snapshot() state {
	st := state{run: s.next >> 32, next: s.next, acked: s.acked, dropped: s.dropped}
	for _, seq := range slices.Sorted(maps.Keys(s.gone)) {
		if n := len(st.gone); n > 0 && st.gone[n-1].last+1 == seq {
			st.gone[n-1].last = seq
		} else {
			st.gone = append(st.gone, span{seq, seq})
		}
	}
	return st
}

// saveState writes the state, whole.
func (s *Spool) saveState() error {
	st := s.snapshot()
	err := st.write(s.dir, s.id)
	if err == nil {
		s.saved, s.dropSave = st.acked, st.dropped
	}
	return err
}

func (st *state) write(dir, id string) error {
	return atomicfile.Write(filepath.Join(dir, stateFile), func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprintf(b, "%s %x %x %d\nnext %x\n", id, st.run, st.acked, st.dropped, st.next)
		for _, k := range st.gone {
			fmt.Fprintf(b, "gone %x %x\n", k.first, k.last)
		}
		return b.Flush()
	})
}

// begin opens a new segment to write to. If it fails, all is as before.
func (s *Spool) begin() error {
	path := s.path(s.next)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if s.file != nil {
		_ = s.file.Sync() // a full disk says so at the next record
		s.file.Close()
	}
	s.file = f
	if last := len(s.segments) - 1; last >= 0 && len(s.segments[last].sizes) == 0 {
		if old := s.segments[last].path; old != path {
			os.Remove(old)
		}
		s.segments = s.segments[:last]
	}
	s.segments = append(s.segments, &segment{path: path, first: s.next})
	return nil
}

// ID tells this spool from every other.
func (s *Spool) ID() string { return s.id }

// ErrFull is the error of a record that finds no room.
var ErrFull = errors.New("fleet: the spool is full")

// Append writes a record. One that finds no room in the bound, or on the disk, is
// counted as dropped.
func (s *Spool) Append(kind string, data []byte) (uint64, error) {
	k := slices.Index(Logged(), kind)
	if k < 0 || len(data) > MaxMessage-1024 {
		s.lock.Lock()
		s.dropped++
		s.lock.Unlock()
		return 0, fmt.Errorf("fleet: a %s of %d bytes, expected one of %s of at most %d", kind, len(data), strings.Join(Logged(), ", "), MaxMessage-1024)
	}
	b := make([]byte, recordHead+len(data))
	binary.LittleEndian.PutUint32(b, uint32(len(data)))
	b[8] = byte(k)
	copy(b[recordHead:], data)

	s.lock.Lock()
	defer s.lock.Unlock()
	if s.closed {
		return 0, fs.ErrClosed
	}
	binary.LittleEndian.PutUint32(b[4:], checksum(s.next, b[8:recordHead], data))
	err := s.write(b)
	if err != nil {
		s.dropped++
		return 0, err
	}
	seq := s.next
	s.next++
	s.pending++
	s.dirty = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return seq, nil
}

func (s *Spool) write(b []byte) error {
	if s.bytes+int64(len(b)) > s.o.Bytes {
		if !s.o.DropOldest {
			return ErrFull
		}
		s.dropFirst(int64(len(b)))
	}
	last := s.segments[len(s.segments)-1]
	if s.broken != nil || last.size > 0 && last.size+int64(len(b)) > s.o.Bytes/8 {
		if err := s.begin(); err != nil {
			s.broken = err
			return err
		}
		s.broken = nil
		last = s.segments[len(s.segments)-1]
	}
	if n, err := s.file.Write(b); err != nil {
		// What is half written ends the segment, for a reader too.
		if n > 0 {
			if err := s.file.Truncate(last.size); err != nil {
				s.broken = err
			} else if _, err := s.file.Seek(last.size, io.SeekStart); err != nil {
				s.broken = err
			}
		}
		return err
	}
	last.sizes = append(last.sizes, uint32(len(b)))
	last.size += int64(len(b))
	s.bytes += int64(len(b))
	return nil
}

// dropFirst gives up the oldest segments until there is room.
func (s *Spool) dropFirst(room int64) {
	for len(s.segments) > 1 && s.bytes+room > s.o.Bytes {
		g := s.segments[0]
		for i := range g.sizes {
			seq := g.first + uint64(i)
			if seq > s.acked && !s.gone[seq] {
				s.dropped++
				s.pending--
			}
			delete(s.gone, seq)
		}
		s.acked = max(s.acked, g.end())
		s.remove()
	}
}

// remove removes the first segment.
func (s *Spool) remove() {
	g := s.segments[0]
	if s.readerOf == g {
		s.reader.Close()
		s.reader, s.readerOf = nil, nil
	}
	os.Remove(g.path)
	s.bytes -= g.size
	s.segments = s.segments[1:]
}

// forget removes the segments of which all records are acknowledged.
func (s *Spool) forget() {
	for len(s.segments) > 1 && s.segments[0].end() <= s.acked {
		s.remove()
	}
	// The one that is written to begins anew once nothing in it is needed, so
	// that a spool that is drained takes no room.
	if last := s.segments[len(s.segments)-1]; len(s.segments) == 1 && last.size > s.o.Bytes/16 && s.acked >= s.next-1 && !s.closed {
		if s.begin() == nil {
			s.remove()
		}
	}
}

// Wake has a value after records were appended.
func (s *Spool) Wake() <-chan struct{} { return s.wake }

// Next returns the first record behind a number, if there is one.
func (s *Spool) Next(after uint64) (Record, bool, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	after = max(after, s.acked)
	for _, g := range s.segments {
		if len(g.sizes) == 0 || g.end() <= after {
			continue
		}
		i := 0
		if after >= g.first {
			i = int(after-g.first) + 1
		}
		if s.readerOf != g {
			if s.reader != nil {
				s.reader.Close()
				s.reader, s.readerOf = nil, nil
			}
			f, err := os.Open(g.path)
			if errors.Is(err, fs.ErrNotExist) {
				s.lose(g, i, len(g.sizes))
				continue
			}
			if err != nil { // too many open files, say
				return Record{}, false, fmt.Errorf("fleet: spool: %w", err)
			}
			s.reader, s.readerOf = f, g
		}
		for ; i < len(g.sizes); i++ {
			seq := g.first + uint64(i)
			if seq <= s.acked || s.gone[seq] { // lose acknowledges, too, and may close the reader then
				continue
			}
			r, err := readRecord(s.reader, g.offset(i), seq)
			if err == nil {
				return r, true, nil
			}
			if err != io.EOF && !errors.Is(err, errRecord) {
				return Record{}, false, fmt.Errorf("fleet: spool: %w", err)
			}
			s.lose(g, i, i+1)
		}
	}
	return Record{}, false, nil
}

// lose gives up records of a segment that cannot be read back.
func (s *Spool) lose(g *segment, from, to int) {
	for i := from; i < to; i++ {
		if seq := g.first + uint64(i); seq > s.acked && !s.gone[seq] {
			s.gone[seq] = true
			s.pending--
			s.dropped++
			s.lost++
		}
	}
	s.ack(s.acked) // the first of them may be next
}

// end is the number of the last record, if there is one.
func (g *segment) end() uint64 { return g.first + uint64(len(g.sizes)) - 1 }

// offset returns where record i begins.
func (g *segment) offset(i int) int64 {
	if g.atIndex > i {
		g.atIndex, g.atOffset = 0, 0
	}
	for ; g.atIndex < i; g.atIndex++ {
		g.atOffset += int64(g.sizes[g.atIndex])
	}
	return g.atOffset
}

// Ack takes all records up to a number out of the spool.
func (s *Spool) Ack(seq uint64) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if seq > s.acked && seq < s.next {
		s.ack(seq)
	}
}

// acknowledged returns the number up to which all records are.
func (s *Spool) acknowledged() uint64 {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.acked
}

// behind returns the number of the first record behind another, if there is one.
func (s *Spool) behind(seq uint64) (uint64, bool) {
	for _, g := range s.segments {
		if len(g.sizes) > 0 && g.end() > seq {
			return max(g.first, seq+1), true
		}
	}
	return 0, false
}

// ack takes the records up to a number out of the spool, and those behind it that
// cannot be read.
func (s *Spool) ack(seq uint64) {
	for n, ok := s.behind(seq); ok && s.gone[n]; n, ok = s.behind(seq) {
		seq = n
	}
	if seq == s.acked {
		return
	}
	for _, g := range s.segments {
		if n := uint64(len(g.sizes)); n > 0 {
			from, to := max(g.first, s.acked+1), min(g.first+n-1, seq)
			if from <= to {
				s.pending -= int64(to - from + 1)
			}
		}
	}
	for n := range s.gone {
		if n <= seq {
			delete(s.gone, n)
			s.pending++ // it was none that waits
		}
	}
	s.acked = seq
	s.forget()
}

// SpoolState is what is in a spool.
type SpoolState struct {
	Pending int64 // records that wait
	Bytes   int64 // on disk
	Dropped int64 // records given up since the spool was made
	Lost    int64 // of them, those that could not be read back since it was opened
}

// State returns what is in the spool.
func (s *Spool) State() SpoolState {
	s.lock.Lock()
	defer s.lock.Unlock()
	return SpoolState{s.pending, s.bytes, s.dropped, s.lost}
}

// keep brings records and state to the disk, once a second where they changed.
func (s *Spool) keep() {
	defer close(s.done)
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		s.lock.Lock()
		var f *os.File
		if s.dirty && s.file != nil {
			f, _ = os.Open(s.file.Name())
			s.dirty = false
		}
		dir, changed := s.dir, s.acked != s.saved || s.dropped != s.dropSave
		var st state
		if changed {
			st = s.snapshot()
		}
		s.lock.Unlock()
		// Not under the lock: appending does not wait for the disk.
		if f != nil {
			_ = f.Sync()
			f.Close()
		}
		if changed && st.write(dir, s.id) == nil { // else what is acknowledged may be sent again
			s.lock.Lock()
			s.saved, s.dropSave = st.acked, st.dropped
			s.lock.Unlock()
		}
	}
}

// Close brings everything to the disk and closes the spool.
func (s *Spool) Close() error {
	s.lock.Lock()
	if s.closed {
		s.lock.Unlock()
		return nil
	}
	s.closed = true
	s.lock.Unlock()
	close(s.stop)
	<-s.done
	s.lock.Lock()
	defer s.lock.Unlock()
	defer s.release()
	err := s.saveState()
	if s.file != nil {
		err = errors.Join(err, s.file.Sync(), s.file.Close())
	}
	if s.reader != nil {
		s.reader.Close()
	}
	if err != nil {
		return fmt.Errorf("fleet: spool: %w", err)
	}
	return nil
}
