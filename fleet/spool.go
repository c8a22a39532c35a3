package fleet

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
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
	sizes []uint32 // of its records on disk
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
	run, err := s.readState()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		hex, ok := strings.CutSuffix(e.Name(), segmentTail)
		first, err := strconv.ParseUint(hex, 16, 64)
		if !ok || err != nil || len(hex) != 16 || !e.Type().IsRegular() {
			continue
		}
		g := &segment{path: filepath.Join(s.dir, e.Name()), first: first}
		if err := s.scan(g); err != nil {
			return err
		}
		run = max(run, first>>32)
		s.segments = append(s.segments, g)
	}
	slices.SortFunc(s.segments, func(a, b *segment) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	// A new run has numbers that none before it can have used, whatever of it a
	// power cut took from the disk.
	s.next = (run+1)<<32 | 1
	s.saved = s.acked
	if err := s.saveState(); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	s.forget()
	for _, g := range s.segments {
		for i := range g.sizes {
			if g.first+uint64(i) > s.acked {
				s.pending++
			}
		}
	}
	return nil
}

// scan lists the records of a segment. One that is damaged is listed, for Next to
// count, where what follows it can be found; else the segment ends before it.
func (s *Spool) scan(g *segment) error {
	f, err := os.Open(g.path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		_, n, err := readRecord(f, g.size, g.first+uint64(len(g.sizes)))
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, errRecord) {
			return fmt.Errorf("fleet: spool: %w", err) // the disk, not the record
		}
		if err != nil && n == 0 {
			s.dropped++ // one at least
			s.lost++
			break
		}
		g.sizes = append(g.sizes, uint32(n))
		g.size += int64(n)
	}
	s.bytes += g.size
	return nil
}

var errRecord = errors.New("the record is not whole")

// readRecord reads the record at an offset, which has a number, and returns its size
// on disk: 0 with an error if the next record is not known to be behind it.
func readRecord(f io.ReaderAt, at int64, seq uint64) (r Record, size int, err error) {
	var head [recordHead]byte
	if n, err := f.ReadAt(head[:], at); n < len(head) {
		if err == io.EOF && n > 0 {
			err = errRecord
		}
		return r, 0, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	kind := int(head[8])
	if n > MaxMessage {
		return r, 0, errRecord
	}
	r.Data = make([]byte, n)
	if got, err := f.ReadAt(r.Data, at+recordHead); got < len(r.Data) {
		if err == io.EOF {
			err = errRecord
		}
		return r, 0, err
	}
	if n > 0 { // a file that ends in zeros has no records there
		size = recordHead + int(n)
	}
	if kind >= len(Logged()) || checksum(seq, head[8:], r.Data) != binary.LittleEndian.Uint32(head[4:]) {
		return r, size, errRecord
	}
	r.Kind, r.Seq = Logged()[kind], seq
	return r, recordHead + int(n), nil
}

// checksum is that of a record: its number is part of it, so that a length that is
// wrong cannot give a record the number of another.
func checksum(seq uint64, kind, data []byte) uint32 {
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, seq), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, kind), castagnoli, data)
}

// readState reads id, run, acknowledged number and dropped records. A state that
// cannot be read is that of a new spool, under a new id.
func (s *Spool) readState() (run uint64, err error) {
	text, err := os.ReadFile(filepath.Join(s.dir, stateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var acked uint64
	var dropped int64
	var id string
	if n, err := fmt.Sscanf(string(text), "%16s %x %x %d\n", &id, &run, &acked, &dropped); err == nil && n == 4 && len(id) == 16 && run < 1<<31 {
		s.id, s.acked, s.dropped = id, acked, dropped
		return run, nil
	}
	s.id = strings.ToLower(rand.Text()[:16])
	return 0, nil
}

// saveState writes the state, whole.
func (s *Spool) saveState() error {
	err := writeState(s.dir, s.id, s.next>>32, s.acked, s.dropped)
	if err == nil {
		s.saved, s.dropSave = s.acked, s.dropped
	}
	return err
}

func writeState(dir, id string, run, acked uint64, dropped int64) error {
	return atomicfile.Write(filepath.Join(dir, stateFile), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s %x %x %d\n", id, run, acked, dropped)
		return err
	})
}

// begin opens a new segment to write to. If it fails, all is as before.
func (s *Spool) begin() error {
	path := filepath.Join(s.dir, fmt.Sprintf("%016x%s", s.next, segmentTail))
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
			if g.first+uint64(i) > s.acked {
				s.dropped++
				s.pending--
			}
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
			r, _, err := readRecord(s.reader, g.offset(i), g.first+uint64(i))
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
	for n := range s.gone {
		if n <= seq {
			delete(s.gone, n)
		}
	}
	for _, g := range s.segments {
		if n := uint64(len(g.sizes)); n > 0 {
			from, to := max(g.first, s.acked+1), min(g.first+n-1, seq)
			if from <= to {
				s.pending -= int64(to - from + 1)
			}
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
		dir, run, acked, dropped := s.dir, s.next>>32, s.acked, s.dropped
		changed := acked != s.saved || dropped != s.dropSave
		s.lock.Unlock()
		// Not under the lock: appending does not wait for the disk.
		if f != nil {
			_ = f.Sync()
			f.Close()
		}
		if changed && writeState(dir, s.id, run, acked, dropped) == nil { // else what is acknowledged may be sent again
			s.lock.Lock()
			s.saved, s.dropSave = acked, dropped
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
