package dataset

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

func sample(t testing.TB) ImageSet {
	t.Helper()
	set, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSample(t *testing.T) {
	set := sample(t)
	if set.Count != 1000 || set.Height != 28 || set.Width != 28 || len(set.Labels) != 1000 || len(set.Classes) != 10 {
		t.Fatalf("%d images of %d×%d, %d labels, %d classes", set.Count, set.Height, set.Width, len(set.Labels), len(set.Classes))
	}
	// The first test digits of MNIST are 7 2 1 0 4 1 4 9 5 9 0.
	if want := []int{7, 0, 9, 3}; !slices.Equal(set.Labels[:4], want) {
		t.Errorf("labels %v, expected %v", set.Labels[:4], want)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(set.Pixels)); sum != "7185a4f5272ad30b570eefeba02b9b2e8df301e55a174a34fc14b032acf68b2d" {
		t.Errorf("SHA-256 of the pixels is %s", sum)
	}
}

// digits returns IDX files with n blank digits, all zeros.
func digits(n uint32) (images, labels []byte) {
	return idx(idxImages, []uint32{n, 28, 28}, make([]byte, n*28*28)), idx(idxLabels, []uint32{n}, make([]byte, n))
}

func TestLoadMNIST(t *testing.T) {
	images, labels := digits(2)
	for _, names := range [][2]string{
		{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
		{"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
		{"t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte.gz"},
		{"MNIST/raw/t10k-images-idx3-ubyte", "raw/t10k-labels.idx1-ubyte"},
	} {
		dir := t.TempDir()
		write(t, dir, names[0], packed(images))
		write(t, dir, names[1], labels)
		set, err := LoadMNIST(dir, TestPart)
		if err != nil || set.Count != 2 || len(set.Labels) != 2 || len(set.Classes) != 10 {
			t.Errorf("%v: %+v, %v", names, set, err)
		}
		if _, err := LoadMNIST(dir, TrainPart); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the training part of %v: %v", names, err)
		}
	}
}

func TestLoadMNISTRefuses(t *testing.T) {
	dir := t.TempDir()
	images, labels := digits(2)
	write(t, dir, "train-images-idx3-ubyte", images)
	_, err := LoadMNIST(dir, TrainPart)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "train-labels-idx1-ubyte") ||
		strings.Contains(err.Error(), "train-images") || !strings.Contains(err.Error(), "snurun data mnist --out "+dir) {
		t.Errorf("missing labels: %v", err)
	}
	write(t, dir, "train-labels-idx1-ubyte", labels[:9])
	if _, err := LoadMNIST(dir, TrainPart); !errors.Is(err, ErrFormat) {
		t.Errorf("labels cut: %v", err)
	}
	labels[9] = 10
	write(t, dir, "train-labels-idx1-ubyte", labels)
	if _, err := LoadMNIST(dir, TrainPart); !errors.Is(err, ErrMismatch) {
		t.Errorf("label 10: %v", err)
	}
	write(t, dir, "train-images-idx3-ubyte", twoImages)
	if _, err := LoadMNIST(dir, TrainPart); !errors.Is(err, ErrMismatch) {
		t.Errorf("images of 1×3: %v", err)
	}
}

// With the real data at hand, the sample must be its every tenth digit.
func TestSampleIsOfMNIST(t *testing.T) {
	t.Parallel()
	dir := "../../shared/data/mnist"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("MNIST is not here")
	}
	test, err := LoadMNIST(dir, TestPart)
	if err != nil {
		t.Fatal(err)
	}
	train, err := LoadMNIST(dir, TrainPart)
	if err != nil {
		t.Fatal(err)
	}
	if test.Count != 10000 || train.Count != 60000 {
		t.Errorf("%d test and %d training digits", test.Count, train.Count)
	}
	set := sample(t)
	for i := range set.Count {
		if !slices.Equal(set.At(i), test.At(10*i)) || set.Labels[i] != test.Labels[10*i] {
			t.Fatalf("digit %d of the sample is not digit %d", i, 10*i)
		}
	}
}

// Images of any size are taken under MNIST's names, with or without names for
// their classes.
func TestLoadImages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "t10k-images-idx3-ubyte", twoImages)
	write(t, dir, "t10k-labels-idx1-ubyte.gz", packed(twoLabels))
	set, err := LoadImages(dir, TestPart)
	if err != nil || set.Count != 2 || !slices.Equal(set.Labels, []int{2, 0}) || !slices.Equal(set.Classes, []string{"0", "1", "2"}) {
		t.Errorf("%d images, labels %v, classes %q, %v", set.Count, set.Labels, set.Classes, err)
	}
	write(t, dir, classesFile, []byte("shirt\ndress/skirt\nankle boot\n"))
	if set, err = LoadImages(dir, TestPart); err != nil || !slices.Equal(set.Classes, []string{"shirt", "dress/skirt", "ankle boot"}) {
		t.Errorf("classes %q, %v", set.Classes, err)
	}
	write(t, dir, classesFile, []byte("shirt\ndress\n"))
	if _, err = LoadImages(dir, TestPart); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "label 2") {
		t.Errorf("a label without a class: %v", err)
	}
	write(t, dir, classesFile, []byte("\n"))
	if _, err = LoadImages(dir, TestPart); !errors.Is(err, ErrFormat) {
		t.Errorf("a broken list of classes: %v", err)
	}
	if _, err := LoadImages(dir, TrainPart); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no training part: %v", err)
	}
}
