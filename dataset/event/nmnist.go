package event

import "io"

// The N-MNIST format, also that of N-Caltech101 and of SLAYER's 2-D spikes:
// records of five bytes and no header.
//
//	byte 0     x
//	byte 1     y, or 240: no event, the sensor's clock overflowed
//	byte 2     bit 7 polarity, bits 6-0 time bits 22-16
//	byte 3, 4  time bits 15-0, in µs
//
// An overflow adds 2^13 µs to the time of all that follows. y counts from the
// top. Source: read_dataset of gorchard/event-Python, read2Dspikes of
// bamsumit/slayerPytorch.
const (
	nmnistRecord   = 5
	nmnistOverflow = 240
	nmnistTick     = 1 << 13
	nmnistMaxTime  = 1<<23 - 1
	nmnistJump     = 1_000_000 // µs between events that make a record suspicious
)

type nmnist struct {
	decoder
	base  int64 // sum of the overflows
	last  int64 // time of the last event, less base
	timed bool  // whether there was one
}

func (d *nmnist) time(r []byte) int64 { return int64(r[2]&0x7f)<<16 + int64(r[3])<<8 + int64(r[4]) }

// valid reports whether r may be the record behind the last one.
func (d *nmnist) valid(r []byte) bool {
	t := d.time(r) - d.last
	return r[1] == nmnistOverflow || d.inside(int(r[0]), int(r[1])) && (!d.timed || -nmnistJump <= t && t <= nmnistJump)
}

// follows reports whether r may be the record behind another, whatever was before.
func (d *nmnist) follows(before, r []byte) bool {
	if r[1] == nmnistOverflow || before[1] == nmnistOverflow {
		return true
	}
	t := d.time(r) - d.time(before)
	return d.inside(int(r[0]), int(r[1])) && -nmnistJump <= t && t <= nmnistJump
}

func newNMNIST(_ *window, o Options) (codec, error) {
	return &nmnist{decoder: newDecoder("nmnist", Size{}, o)}, nil
}

func (d *nmnist) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= nmnistRecord; used += nmnistRecord {
		r := src[used : used+nmnistRecord]
		if !d.valid(r) {
			shift, wait := d.realign(src[used:], nmnistRecord, d.valid, d.follows)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift - nmnistRecord
				continue
			}
		}
		if r[1] == nmnistOverflow {
			d.base += nmnistTick
			continue
		}
		if !d.inside(int(r[0]), int(r[1])) {
			if err := d.outside(off+int64(used), int(r[0]), int(r[1])); err != nil {
				return n, used, err
			}
			continue
		}
		dst[n] = Event{
			T: d.base + d.time(r),
			X: uint16(r[0]),
			Y: uint16(r[1]),
			P: r[2] >> 7,
		}
		n++
		d.last, d.timed = d.time(r), true
	}
	return n, used, nil
}

func (d *nmnist) end(left int, off int64) error { return d.cut(left, nmnistRecord, off) }

type nmnistWriter struct {
	output
	base int64
}

func newNMNISTWriter(w io.Writer, size Size) (Writer, error) {
	o, err := newOutput("nmnist", w, size, Size{256, nmnistOverflow})
	if err != nil {
		return nil, err
	}
	o.gaps = true
	return &nmnistWriter{output: o}, nil
}

func (w *nmnistWriter) Write(events []Event) error {
	for _, e := range events {
		if err := w.admit(e); err != nil {
			return err
		}
		for ; e.T-w.base > nmnistMaxTime; w.base += nmnistTick {
			// The sensor marked an overflow at x = 305, of which a byte keeps 49.
			if err := w.record(305&0xff, nmnistOverflow, 0); err != nil {
				return err
			}
		}
		if err := w.record(byte(e.X), byte(e.Y), uint32(e.P)<<23|uint32(e.T-w.base)); err != nil {
			return err
		}
	}
	return nil
}

// record writes a record with the given 24 bits of polarity and time.
func (w *nmnistWriter) record(x, y byte, pt uint32) error {
	_, err := w.output.Write(append(w.AvailableBuffer(), x, y, byte(pt>>16), byte(pt>>8), byte(pt)))
	return err
}
