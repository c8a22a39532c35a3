package dataset

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Part names a part of MNIST by the beginning of its file names.
type Part string

// The parts of MNIST.
const (
	TrainPart Part = "train" // 60,000 digits
	TestPart  Part = "t10k"  // 10,000 digits
)

// mnistSide is the height and width of MNIST's digits in pixels.
const mnistSide = 28

var digitNames = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

func (p Part) imagesFile() string { return string(p) + "-images-idx3-ubyte" }
func (p Part) labelsFile() string { return string(p) + "-labels-idx1-ubyte" }

// LoadMNIST reads a part of MNIST (LeCun, Cortes and Burges) from a folder that
// holds its files, gzipped or not, under their usual names, or has them in
// MNIST/raw or raw as torchvision does. If files are missing the error is an
// fs.ErrNotExist that names them.
func LoadMNIST(dir string, part Part) (ImageSet, error) {
	set, files, err := loadPart(dir, part)
	if err != nil {
		return ImageSet{}, err
	}
	return asMNIST(set, files.images, files.labels)
}

// LoadImages is LoadMNIST for other images in files of the same names, such as
// those of Fashion-MNIST, of any size. The names of their classes stand in
// DIR/classes.txt, one a line; without it they are 0, 1, … to the largest label.
func LoadImages(dir string, part Part) (ImageSet, error) {
	set, files, err := loadPart(dir, part)
	if err != nil {
		return ImageSet{}, err
	}
	if set.Classes, err = readClasses(filepath.Join(dir, classesFile)); err != nil {
		return ImageSet{}, err
	}
	largest := slices.Max(set.Labels)
	switch {
	case set.Classes == nil:
		set.Classes = numbered(largest + 1)
	case largest >= len(set.Classes):
		return ImageSet{}, fmt.Errorf("dataset: %w: %s has label %d, %s names %d classes", ErrMismatch, files.labels, largest, filepath.Join(dir, classesFile), len(set.Classes))
	}
	return set, nil
}

// partFiles are the paths of the files of a part.
type partFiles struct{ images, labels string }

// loadPart reads a part without its classes.
func loadPart(dir string, part Part) (ImageSet, partFiles, error) {
	if err := checkFolder(dir); err != nil {
		return ImageSet{}, partFiles{}, err
	}
	files := partFiles{findMNIST(dir, part.imagesFile()), findMNIST(dir, part.labelsFile())}
	var missing []string
	if files.images == "" {
		missing = append(missing, part.imagesFile())
	}
	if files.labels == "" {
		missing = append(missing, part.labelsFile())
	}
	if missing != nil {
		return ImageSet{}, files, fmt.Errorf("dataset: %w: %s has no %s (.gz or not): `snurun data mnist --out %s` fetches them",
			fs.ErrNotExist, dir, strings.Join(missing, " and no "), dir)
	}
	set, err := loadIDX(files.images, files.labels)
	return set, files, err
}

func findMNIST(dir, name string) string {
	for _, sub := range []string{"", "MNIST/raw", "raw"} {
		if path := findFile(filepath.Join(dir, sub), name); path != "" {
			return path
		}
	}
	return ""
}

// asMNIST checks that a set can be MNIST and names its classes.
func asMNIST(set ImageSet, images, labels string) (ImageSet, error) {
	if set.Height != mnistSide || set.Width != mnistSide {
		return ImageSet{}, fmt.Errorf("dataset: %w: %s has images of %d×%d pixels, MNIST has 28×28", ErrMismatch, images, set.Height, set.Width)
	}
	if i := slices.IndexFunc(set.Labels, func(c int) bool { return c >= len(digitNames) }); i >= 0 {
		return ImageSet{}, fmt.Errorf("dataset: %w: label %d of %s is %d, MNIST has 0 to 9", ErrMismatch, i, labels, set.Labels[i])
	}
	set.Classes = slices.Clone(digitNames)
	return set, nil
}

// Sample returns every tenth of MNIST's test digits, which are embedded in the package:
// SampleSize together, 200 with the tag board. Digit i is number 10·i of the test part.
func Sample() (ImageSet, error) {
	var set ImageSet
	var err error
	if set.Images, err = ReadIDXImages(bytes.NewReader(sampleImages), "the embedded images"); err != nil {
		return ImageSet{}, err
	}
	if set.Labels, err = ReadIDXLabels(bytes.NewReader(sampleLabels), "the embedded labels"); err != nil {
		return ImageSet{}, err
	}
	return asMNIST(set, "the embedded images", "the embedded labels")
}
