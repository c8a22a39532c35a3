package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// idx returns an IDX file.
func idx(magic uint32, dims []uint32, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, data...)
}

func packed(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	twoImages = idx(idxImages, []uint32{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6})
	twoLabels = idx(idxLabels, []uint32{2}, []byte{2, 0})
)

func TestLoadIDX(t *testing.T) {
	for _, c := range []struct{ images, labels string }{
		{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
		{"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
		{"t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte.gz"},
		{"t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte"},
		{"my-images", "my-labels"},
		{"images-of-images.idx3", "images-of-labels.idx1"},
		{"digits.idx", ""},
		{"images", ""},
	} {
		dir := t.TempDir()
		// The content decides, not the name: every other file is packed.
		path := write(t, dir, c.images, packed(twoImages))
		want := ""
		if c.labels != "" {
			want = write(t, dir, c.labels, twoLabels)
		}
		if got := LabelsBeside(path); got != want {
			t.Errorf("labels beside %s: %q, expected %q", c.images, got, want)
		}
		set, err := LoadIDX(path)
		if err != nil {
			t.Errorf("%s: %v", c.images, err)
			continue
		}
		if set.Count != 2 || set.Height != 1 || set.Width != 3 || !slices.Equal(set.At(1), []byte{4, 5, 6}) {
			t.Errorf("%s: %+v", c.images, set)
		}
		if want == "" && (set.Labels != nil || set.Classes != nil) {
			t.Errorf("%s: labels %v out of nothing", c.images, set.Labels)
		}
		if want != "" && (!slices.Equal(set.Labels, []int{2, 0}) || !slices.Equal(set.Classes, []string{"0", "1", "2"})) {
			t.Errorf("%s: labels %v, classes %v", c.images, set.Labels, set.Classes)
		}
	}
}

func TestLoadIDXRefuses(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "images", twoImages)
	write(t, dir, "labels", idx(idxLabels, []uint32{3}, []byte{0, 1, 2}))
	if _, err := LoadIDX(path); !errors.Is(err, ErrMismatch) {
		t.Errorf("3 labels for 2 images: %v", err)
	}
	write(t, dir, "labels", twoImages)
	if _, err := LoadIDX(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "labels") {
		t.Errorf("images as labels: %v", err)
	}
	if _, err := LoadIDX(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	// The size of a plain file is checked before anything is read.
	path = write(t, dir, "huge", idx(idxImages, []uint32{1 << 10, 1 << 10, 1 << 10}, nil))
	if _, err := LoadIDX(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "the file has 16 bytes") {
		t.Errorf("a short file: %v", err)
	}
	path = write(t, dir, "labels-idx1", idx(idxLabels, []uint32{5}, []byte{1}))
	if _, err := loadIDX(write(t, dir, "i", twoImages), path); !errors.Is(err, ErrFormat) {
		t.Errorf("short labels: %v", err)
	}
}

func TestReadIDX(t *testing.T) {
	for _, data := range [][]byte{twoImages, packed(twoImages)} {
		m, err := ReadIDXImages(iotest.OneByteReader(bytes.NewReader(data)), "x")
		if err != nil || m.Count != 2 || !bytes.Equal(m.Pixels, []byte{1, 2, 3, 4, 5, 6}) {
			t.Errorf("%+v, %v", m, err)
		}
	}
	labels, err := ReadIDXLabels(bytes.NewReader(packed(twoLabels)), "x")
	if err != nil || !slices.Equal(labels, []int{2, 0}) {
		t.Errorf("%v, %v", labels, err)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	cut := packed(twoImages)
	flipped := bytes.Clone(cut)
	flipped[len(flipped)-6] ^= 1 // in the CRC
	for name, c := range map[string]struct {
		data []byte
		want string // in the error
	}{
		"empty":             {nil, "byte 0"},
		"one byte":          {[]byte{0}, "byte 1"},
		"labels":            {twoLabels[:8:8], "byte 8"},
		"labels, longer":    {append(twoLabels, make([]byte, 20)...), "labels, expected images"},
		"text":              {[]byte("these are no images"), "magic number is 0x74686573, expected 0x00000803"},
		"header cut":        {twoImages[:15], "byte 15"},
		"data cut":          {twoImages[:20], "byte 20"},
		"data past the end": {append(bytes.Clone(twoImages), 0), "past the end"},
		"no images":         {idx(idxImages, []uint32{0, 1, 3}, nil), "dimension 0 is 0"},
		"no width":          {idx(idxImages, []uint32{2, 1, 0}, nil), "dimension 2 is 0"},
		"huge":              {idx(idxImages, []uint32{1 << 31, 1 << 31, 1 << 31}, nil), "dimension 0"},
		"huge product":      {idx(idxImages, []uint32{1 << 20, 1 << 20, 4}, nil), "dimension 1"},
		"large, no data":    {idx(idxImages, []uint32{1 << 10, 1 << 10, 1 << 10}, nil), "byte 16"},
		"gzip header":       {[]byte{0x1f, 0x8b, 8}, "byte 0"},
		"gzip cut":          {cut[:len(cut)-9], "byte"},
		"gzip checksum":     {flipped, "byte 22"},
	} {
		_, err := ReadIDXImages(bytes.NewReader(c.data), "the stream")
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the stream") {
			t.Errorf("%s: %v, expected an ErrFormat with %q", name, err, c.want)
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	for _, seed := range [][]byte{twoImages, twoLabels, packed(twoImages), packed(twoLabels), twoImages[:19], idx(idxImages, []uint32{1 << 15, 1 << 15, 1}, nil)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadIDXImages(bytes.NewReader(data), "x")
		switch {
		case err == nil && m.check() != nil:
			t.Fatal(m.check())
		case err != nil && !errors.Is(err, ErrFormat):
			t.Fatal(err)
		case err == nil && data[0] == 0 && !bytes.Equal(data, idx(idxImages, []uint32{uint32(m.Count), uint32(m.Height), uint32(m.Width)}, m.Pixels)):
			t.Fatal("the images are not the data")
		}
		if _, err := ReadIDXLabels(bytes.NewReader(data), "x"); err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
