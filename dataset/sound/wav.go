package sound

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Errors of a WAV file. ErrCut comes with the sound in front of the place where the
// file ends too early.
var (
	ErrFormat = errors.New("no WAV file that can be read")
	ErrCut    = errors.New("the file is cut off")
)

// Clip is a piece of sound: samples in [−1, 1], of one channel.
type Clip struct {
	SampleHz int
	Samples  []float32
}

// maxFrames bounds the samples of a file, 256 MB of memory.
const maxFrames = 1 << 26

// fromStream is the least size of a data chunk that says nothing: what writes to a pipe
// does not know how long it will become, and writes the largest number or half of it.
const fromStream = 1<<31 - 1<<16

// The encodings of samples, by their tags in WAV files.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xfffe
)

// otherTags are encodings that are not read.
var otherTags = map[uint16]string{
	2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG audio", 0x55: "MP3", 0xff: "AAC",
}

// tryTags is what helps with them.
const tryTags = "sox IN.wav -e signed -b 16 OUT.wav makes such a file"

// subformat is how the identifiers of tags end in the extensible form.
var subformat = []byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71}

// IsWAV reports whether a file that begins with head is a WAV file.
func IsWAV(head []byte) bool {
	return len(head) >= 12 && bytes.Equal(head[:4], []byte("RIFF")) && bytes.Equal(head[8:12], []byte("WAVE"))
}

// ReadWAV reads a WAV file: PCM of 8, 16, 24 or 32 bits, or float of 32 or 64 bits, of
// any rate, with up to 64 channels, whose mean is taken: their sum in float32, channel
// by channel, divided by their number. An n-bit number v stands for v/2^(n−1), those of 8
// bits less 128 before; floats are clipped to ±1. Other chunks are passed over, and a
// data chunk as long as it can be, as arecord and ffmpeg write to a pipe, ends with the
// file. Memory is allocated as data arrive. Errors are ErrFormat, or ErrCut with a clip
// of what there was.
func ReadWAV(r io.Reader) (Clip, error) {
	w := wavReader{r: bufio.NewReader(r)}
	head := make([]byte, 12)
	if err := w.full(head, "the header"); err != nil {
		return Clip{}, err
	}
	switch {
	case bytes.Equal(head[:4], []byte("RF64")), bytes.Equal(head[:4], []byte("RIFX")):
		return Clip{}, fmt.Errorf("%w: it is %s, expected RIFF; sox IN.wav OUT.wav makes such a file", ErrFormat, head[:4])
	case !IsWAV(head):
		return Clip{}, fmt.Errorf("%w: it begins with %q, expected RIFF…WAVE", ErrFormat, head)
	}
	for {
		id, size, err := w.chunk()
		if err != nil {
			return Clip{}, err
		}
		switch id {
		case "fmt ":
			err = w.format(size)
		case "data":
			return w.data(size)
		default:
			err = w.skip(padded(size))
		}
		if err != nil {
			return Clip{}, err
		}
	}
}

type wavReader struct {
	r        *bufio.Reader
	at       int64 // byte offset
	tag      uint16
	channels int
	hz       int
	bits     int // of a sample in the file
}

// full fills b with what is next.
func (w *wavReader) full(b []byte, what string) error {
	n, err := io.ReadFull(w.r, b)
	w.at += int64(n)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Errorf("%w: it ends at byte %d, within %s", ErrFormat, w.at, what)
	case err != nil:
		return err
	}
	return nil
}

// chunk reads the header of the next chunk.
func (w *wavReader) chunk() (id string, size uint32, err error) {
	var b [8]byte
	if _, err := w.r.Peek(1); err == io.EOF {
		missing := "data"
		if w.tag == 0 {
			missing = "fmt"
		}
		return "", 0, fmt.Errorf("%w: it ends at byte %d without a chunk %s", ErrFormat, w.at, missing)
	}
	if err := w.full(b[:], "the header of a chunk"); err != nil {
		return "", 0, err
	}
	return string(b[:4]), binary.LittleEndian.Uint32(b[4:]), nil
}

// padded returns the size of a chunk with what makes it even.
func padded(size uint32) int64 { return int64(size) + int64(size&1) }

// skip passes over the rest of a chunk.
func (w *wavReader) skip(size int64) error {
	n, err := io.CopyN(io.Discard, w.r, size)
	if w.at += n; err == io.EOF {
		return fmt.Errorf("%w: it ends at byte %d, within a chunk of %d bytes", ErrFormat, w.at, size)
	}
	return err
}

// format reads the chunk that says how samples are written.
func (w *wavReader) format(size uint32) error {
	at := w.at
	b := make([]byte, 40)
	if size < 16 {
		return fmt.Errorf("%w: the chunk fmt at byte %d has %d bytes, expected 16 or more", ErrFormat, at, size)
	}
	n := min(size, 40)
	if err := w.full(b[:n], "the chunk fmt"); err != nil {
		return err
	}
	if err := w.skip(padded(size) - int64(n)); err != nil {
		return err
	}
	w.tag = binary.LittleEndian.Uint16(b)
	w.channels = int(binary.LittleEndian.Uint16(b[2:]))
	hz := binary.LittleEndian.Uint32(b[4:])
	align := int(binary.LittleEndian.Uint16(b[12:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	if w.tag == tagExtensible {
		if n < 40 || !bytes.Equal(b[26:40], subformat) {
			return fmt.Errorf("%w: the extensible format at byte %d names no encoding that is known; %s", ErrFormat, at, tryTags)
		}
		w.tag = binary.LittleEndian.Uint16(b[24:])
	}
	switch {
	case w.tag != tagPCM && w.tag != tagFloat:
		name := otherTags[w.tag]
		if name == "" {
			name = fmt.Sprintf("encoding %#x", w.tag)
		}
		return fmt.Errorf("%w: the samples are %s, expected PCM or float; %s", ErrFormat, name, tryTags)
	case w.channels < 1 || w.channels > maxChannels:
		return fmt.Errorf("%w: %d channels, expected 1 to %d", ErrFormat, w.channels, maxChannels)
	case hz < 1 || hz > maxHz:
		return fmt.Errorf("%w: %d samples a second, expected 1 to %d", ErrFormat, hz, maxHz)
	case align%w.channels != 0 || align == 0:
		return fmt.Errorf("%w: %d bytes a sample of %d channels, expected a multiple of %[3]d", ErrFormat, align, w.channels)
	}
	w.hz, w.bits = int(hz), 8*align/w.channels
	known := w.bits == 8 || w.bits == 16 || w.bits == 24 || w.bits == 32
	if w.tag == tagFloat {
		known = w.bits == 32 || w.bits == 64
	}
	if !known || bits > w.bits || bits < 1 {
		return fmt.Errorf("%w: samples of %d bits in %d, expected PCM of 8, 16, 24 or 32 bits or float of 32 or 64; %s", ErrFormat, bits, w.bits, tryTags)
	}
	return nil
}

// Bounds of what a file may say.
const (
	maxChannels = 64
	maxHz       = 1 << 20
)

// data reads the samples.
func (w *wavReader) data(size uint32) (Clip, error) {
	c := Clip{SampleHz: w.hz}
	if w.tag == 0 {
		return c, fmt.Errorf("%w: the chunk data at byte %d comes before fmt", ErrFormat, w.at)
	}
	frame := w.channels * w.bits / 8
	left := int64(size)
	endless := left >= fromStream
	if endless {
		left = math.MaxInt64
	}
	buf := make([]byte, frame*max(1, 1<<15/frame))
	for left > 0 {
		n, err := w.fill(buf[:min(int64(len(buf)), left)])
		if err != nil && err != io.EOF {
			return c, err
		}
		left -= int64(n)
		w.at += int64(n)
		if len(c.Samples)+n/frame > maxFrames {
			return Clip{}, fmt.Errorf("%w: more than %d samples: cut it into pieces, or stream it", ErrFormat, maxFrames)
		}
		c.Samples = w.append(c.Samples, buf[:n-n%frame])
		if err == nil && n%frame == 0 {
			continue
		}
		if endless && n%frame == 0 {
			return c, nil
		}
		if n%frame != 0 {
			return c, fmt.Errorf("%w: it ends at byte %d, within a sample of %d bytes", ErrCut, w.at, frame)
		}
		return c, fmt.Errorf("%w: its samples should take %d bytes, %d are there", ErrCut, size, int64(size)-left)
	}
	return c, nil
}

// fill reads until b is full; io.EOF is the end of what there is, which the reader's own
// io.ErrUnexpectedEOF, of packed files and bodies that are cut off, is not.
func (w *wavReader) fill(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = w.r.Read(b[n:])
		n += k
	}
	if n == len(b) {
		err = nil
	}
	return n, err
}

// append decodes whole frames and appends the mean of their channels.
func (w *wavReader) append(samples []float32, b []byte) []float32 {
	bytes := w.bits / 8
	for len(b) > 0 {
		sum := float32(0)
		for range w.channels {
			sum += w.sample(b)
			b = b[bytes:]
		}
		if w.channels > 1 {
			sum /= float32(w.channels)
		}
		samples = append(samples, sum)
	}
	return samples
}

// sample decodes one sample.
func (w *wavReader) sample(b []byte) float32 {
	switch {
	case w.tag == tagFloat && w.bits == 64:
		return clip(float32(math.Float64frombits(binary.LittleEndian.Uint64(b))))
	case w.tag == tagFloat:
		return clip(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case w.bits == 8:
		return float32(int(b[0])-128) / (1 << 7)
	case w.bits == 16:
		return S16(b)
	case w.bits == 24:
		return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)>>8) / (1 << 23)
	}
	return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
}

// S16 decodes a sample of 16 bits, little-endian.
func S16(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15) }

// clip brings x to [−1, 1]; what is no number becomes 0.
func clip(x float32) float32 {
	if x != x {
		return 0
	}
	return min(max(x, -1), 1)
}

// ReadS16 reads raw PCM of one channel: samples of 16 bits, little-endian. A cut within
// a sample is an ErrCut, with what there was.
func ReadS16(r io.Reader, hz int) (Clip, error) {
	w := wavReader{r: bufio.NewReader(r), tag: tagPCM, channels: 1, hz: hz, bits: 16}
	return w.data(math.MaxUint32)
}
