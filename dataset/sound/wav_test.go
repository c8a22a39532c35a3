package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// wav returns a file of one chunk fmt and one chunk data that says that it has size
// bytes.
func wav(tag, channels, bits uint16, hz uint32, size uint32, data []byte, extensible bool, before ...string) []byte {
	var b bytes.Buffer
	put := func(all ...any) {
		for _, x := range all {
			binary.Write(&b, binary.LittleEndian, x)
		}
	}
	put([]byte("RIFF"), uint32(math.MaxUint32), []byte("WAVE"))
	for _, chunk := range before {
		put([]byte("LIST"), uint32(len(chunk)), []byte(chunk), make([]byte, len(chunk)%2))
	}
	align := channels * bits / 8
	if extensible {
		put([]byte("fmt "), uint32(40), uint16(tagExtensible), channels, hz, hz*uint32(align), align, bits, uint16(22), bits, uint32(0), tag, subformat)
	} else {
		put([]byte("fmt "), uint32(16), tag, channels, hz, hz*uint32(align), align, bits)
	}
	put([]byte("data"), size, data)
	return b.Bytes()
}

func le(all ...any) []byte {
	var b bytes.Buffer
	for _, x := range all {
		binary.Write(&b, binary.LittleEndian, x)
	}
	return b.Bytes()
}

func TestReadWAV(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		file []byte
		want []float32
	}{
		{"8 bits", wav(1, 1, 8, 8000, 4, []byte{0, 128, 255, 192}, false), []float32{-1, 0, 127.0 / 128, 0.5}},
		{"16 bits", wav(1, 1, 16, 8000, 6, le(int16(-32768), int16(1), int16(16384)), false), []float32{-1, 1.0 / 32768, 0.5}},
		{"24 bits", wav(1, 1, 24, 8000, 9, []byte{0, 0, 0x80, 1, 0, 0, 0xff, 0xff, 0xff}, false), []float32{-1, 1.0 / (1 << 23), -1.0 / (1 << 23)}},
		{"32 bits", wav(1, 1, 32, 8000, 8, le(int32(math.MinInt32), int32(1<<30)), false), []float32{-1, 0.5}},
		{"float", wav(3, 1, 32, 8000, 16, le(float32(0.25), float32(-7), inf, float32(math.NaN())), false), []float32{0.25, -1, 1, 0}},
		{"float of 64 bits", wav(3, 1, 64, 8000, 16, le(-0.25, 1e300), false), []float32{-0.25, 1}},
		{"stereo", wav(1, 2, 16, 8000, 8, le(int16(16384), int16(0), int16(-16384), int16(-16384)), false), []float32{0.25, -0.5}},
		{"three channels", wav(3, 3, 32, 8000, 12, le(float32(0.1), float32(0.2), float32(0.4)), false), []float32{(float32(0.1) + float32(0.2) + float32(0.4)) / 3}},
		{"extensible", wav(1, 1, 16, 8000, 2, le(int16(-16384)), true), []float32{-0.5}},
		{"extensible float", wav(3, 1, 32, 8000, 4, le(float32(0.5)), true), []float32{0.5}},
		{"other chunks", wav(1, 1, 16, 8000, 2, le(int16(8192)), false, "odd", "even"), []float32{0.25}},
		{"more behind", append(wav(1, 1, 16, 8000, 2, le(int16(8192)), false), "LIST...."...), []float32{0.25}},
		{"no samples", wav(1, 1, 16, 8000, 0, nil, false), nil},
		{"from a pipe", wav(1, 1, 16, 8000, math.MaxUint32, le(int16(8192), int16(0)), false), []float32{0.25, 0}},
		{"from arecord to a pipe", wav(1, 1, 16, 8000, 1<<31-44, le(int16(8192)), false), []float32{0.25}},
		{"20 bits in 24", slices.Replace(wav(1, 1, 24, 8000, 3, []byte{0, 0, 0x40}, false), 34, 35, 20), []float32{0.5}},
		{"a longer format", slices.Concat([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x13\x00\x00\x00"), le(uint16(1), uint16(1), uint32(8000), uint32(16000), uint16(2), uint16(16)), []byte{1, 0, 0, 0}, []byte("data\x02\x00\x00\x00\x00\x20")), []float32{0.25}},
	} {
		for how, r := range map[string]io.Reader{"": bytes.NewReader(c.file), ", byte by byte": iotest.OneByteReader(bytes.NewReader(c.file))} {
			got, err := ReadWAV(r)
			if err != nil || got.SampleHz != 8000 || !slices.Equal(got.Samples, c.want) {
				t.Errorf("%s%s: %v, %v, expected %v", c.name, how, got, err, c.want)
			}
		}
	}
}

func TestReadWAVOfManySamples(t *testing.T) {
	data := make([]byte, 3*65537*2)
	for i := range data {
		data[i] = byte(i * 7)
	}
	c, err := ReadWAV(bytes.NewReader(wav(1, 3, 16, 48000, uint32(len(data)), data, false)))
	if err != nil || len(c.Samples) != 65537 {
		t.Fatalf("%d samples, %v, expected 65537", len(c.Samples), err)
	}
	for i, v := range c.Samples {
		at := data[6*i:]
		if want := (S16(at) + S16(at[2:]) + S16(at[4:])) / 3; v != want {
			t.Fatalf("sample %d is %v, expected %v", i, v, want)
		}
	}
}

func TestReadWAVRefuses(t *testing.T) {
	good := wav(1, 1, 16, 8000, 4, le(int16(8192), int16(0)), false)
	changed := func(at int, b ...byte) []byte { return slices.Replace(slices.Clone(good), at, at+len(b), b...) }
	broken := errors.New("broken")
	for _, c := range []struct {
		name, want string
		file       []byte
		kind       error
	}{
		{"nothing", "it ends at byte 0, within the header", nil, ErrFormat},
		{"text", `it begins with "hello, world"`, []byte("hello, world"), ErrFormat},
		{"RF64", "it is RF64, expected RIFF", changed(0, []byte("RF64")...), ErrFormat},
		{"cut in the format", "within the chunk fmt", good[:30], ErrFormat},
		{"cut in a chunk", "within a chunk of 100 bytes", append(slices.Clone(good[:12]), "LIST\x64\x00\x00\x00abc"...), ErrFormat},
		{"cut in a header", "within the header of a chunk", good[:38], ErrFormat},
		{"no data", "without a chunk data", good[:36], ErrFormat},
		{"no format", "without a chunk fmt", good[:12], ErrFormat},
		{"data first", "the chunk data at byte 20 comes before fmt", slices.Concat(good[:12], good[36:]), ErrFormat},
		{"a short format", "has 8 bytes, expected 16 or more", changed(16, 8), ErrFormat},
		{"A-law", "the samples are A-law, expected PCM or float; sox", changed(20, 6), ErrFormat},
		{"an unknown encoding", "encoding 0x1234", changed(20, 0x34, 0x12), ErrFormat},
		{"no channels", "0 channels, expected 1 to 64", changed(22, 0), ErrFormat},
		{"65 channels", "65 channels, expected 1 to 64", changed(22, 65), ErrFormat},
		{"no rate", "0 samples a second", changed(24, 0, 0, 0, 0), ErrFormat},
		{"no bytes a sample", "0 bytes a sample", changed(32, 0), ErrFormat},
		{"12 bits", "samples of 17 bits in 16", changed(34, 17), ErrFormat},
		{"float of 16 bits", "samples of 16 bits in 16, expected PCM of 8", changed(20, 3), ErrFormat},
		{"an unknown subformat", "names no encoding that is known", slices.Replace(wav(1, 1, 16, 8000, 0, nil, true), 50, 51, 9), ErrFormat},
		{"cut", "its samples should take 4 bytes, 2 are there", good[:len(good)-2], ErrCut},
		{"cut in a sample", "it ends at byte 47, within a sample of 2 bytes", good[:len(good)-1], ErrCut},
		{"a size that is no whole sample", "within a sample of 2 bytes", changed(40, 3), ErrCut},
	} {
		got, err := ReadWAV(bytes.NewReader(c.file))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, expected %v with %q", c.name, err, c.kind, c.want)
		}
		if c.kind == ErrCut && !slices.Equal(got.Samples, []float32{0.25}) {
			t.Errorf("%s: samples %v, expected what was there, 0.25", c.name, got.Samples)
		}
	}
	for n := range good {
		r := io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken))
		if _, err := ReadWAV(r); !errors.Is(err, broken) {
			t.Errorf("a reader that breaks after %d bytes: error %v", n, err)
		}
	}
}

func TestReadS16(t *testing.T) {
	c, err := ReadS16(bytes.NewReader(le(int16(8192), int16(-32768))), 16000)
	if err != nil || c.SampleHz != 16000 || !slices.Equal(c.Samples, []float32{0.25, -1}) {
		t.Errorf("%v, %v", c, err)
	}
	if c, err = ReadS16(bytes.NewReader([]byte{0, 32, 1}), 8000); !errors.Is(err, ErrCut) || !slices.Equal(c.Samples, []float32{0.25}) {
		t.Errorf("an odd number of bytes: %v, %v", c, err)
	}
}

// FuzzReadWAV gives the reader damaged files: it ends, allocates no more than what is
// there asks for, and yields samples in [−1, 1].
func FuzzReadWAV(f *testing.F) {
	f.Add(wav(1, 2, 16, 8000, 8, make([]byte, 8), false, "abc"))
	f.Add(wav(3, 1, 32, 44100, math.MaxUint32, le(float32(2)), true))
	f.Add(wav(1, 1, 24, 8000, 9, make([]byte, 7), false))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadWAV(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrCut) {
			t.Fatalf("error of another kind: %v", err)
		}
		if len(c.Samples) > len(data) || err == nil && c.SampleHz < 1 {
			t.Fatalf("%d samples at %d Hz of %d bytes", len(c.Samples), c.SampleHz, len(data))
		}
		for _, v := range c.Samples {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("sample %v", v)
			}
		}
	})
}
