package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestChorales(t *testing.T) {
	all, err := LoadChorales(filepath.Join("..", "testdata", "jsb"))
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]struct{ pieces, steps int }{"train": {229, 13578}, "valid": {76, 4526}, "test": {77, 4648}} {
		source, err := all.Part(part)
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		for i := range source.Len() {
			targets := TargetsOf(source, i)
			n := Length(source, i)
			steps += n
			if targets.Counted() != n || targets.Sets.Size() != 88 {
				t.Fatalf("%s[%d]: %d steps, targets of %d", part, i, n, targets.Counted())
			}
			x := spike.NewTrain(n, 88)
			if err := source.Load(x, i, Key{}); err != nil {
				t.Fatal(err)
			}
			for k := range n - 1 { // the target of a step is the next step
				if !slices.Equal(x.At(k+1), targets.Sets.At(k)) {
					t.Fatalf("%s[%d]: the target of step %d is not step %d", part, i, k, k+1)
				}
			}
		}
		if source.Len() != want.pieces || steps != want.steps {
			t.Errorf("%s has %d pieces and %d predicted steps, expected %d and %d", part, source.Len(), steps, want.pieces, want.steps)
		}
	}
	moved, err := all.Transposed("train", 5)
	if err != nil || moved.Len() != 11*229 { // no piece comes near the ends of the keys
		t.Errorf("%d pieces, %v", moved.Len(), err)
	}
	up, down, as := TargetsOf(moved, 229+3).Sets, TargetsOf(moved, 2*229+3).Sets, TargetsOf(moved, 3).Sets
	for k := range as.Steps() {
		for j := range as.At(k).All() {
			if !up.At(k).Get(j+1) || !down.At(k).Get(j-1) || up.At(k).Count() != as.At(k).Count() {
				t.Fatalf("step %d is not moved by one", k)
			}
		}
	}
	for _, n := range []int{-1, 88} {
		if _, err := all.Transposed("train", n); !errors.Is(err, ErrMismatch) {
			t.Errorf("%d: error is %v", n, err)
		}
	}
	whole, err := all.All()
	if err != nil || whole.Len() != 382 {
		t.Errorf("%d pieces, %v, expected 382", whole.Len(), err)
	}
	// The first step of the test's first piece, as in the file: 72, 76, 79, 84.
	x := spike.NewTrain(1, 88)
	test, _ := all.Part("test")
	if err := test.Load(x, 0, Key{}); err != nil || !slices.Equal(slices.Collect(x.At(0).All()), []int{51, 55, 58, 63}) {
		t.Errorf("the first step has %v, %v", slices.Collect(x.At(0).All()), err)
	}
	if names := NoteNames(); names[0] != "A0" || names[39] != "C4" || names[87] != "C8" || names[51] != "C5" {
		t.Errorf("names %q", names)
	}
}

func TestChoralesRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "expected pieces as",
		"[1]":                     "expected pieces as",
		"{}":                      "no pieces",
		`{"train": []}`:           "no pieces",
		`{"train": [[[60]]]}`:     "train[0]: malformed data: a piece of 1 steps",
		`{"test": [[[], [109]]]}`: "test[0]: malformed data: step 1 has pitch 109, expected 21 to 108",
		`{"test": [[[], [20]]]}`:  "pitch 20",
		`{"test": [[[], [6.5]]]}`: "expected pieces as",
		"\x1f\x8b\x08junk":        "unexpected EOF",
		`{"test": [[[], ["a"]]]}`: "expected pieces as",
		`{"test": [[[], []]]} {}`: "more behind the pieces",
		`{"test": [[[], []]`:      "expected pieces as",
		`{"test": [[` + strings.Repeat("[],", maxPieceSteps) + `[]]]}`: "test[0]: malformed data: a piece of more than 1048576 steps",
	} {
		_, err := ReadChorales(strings.NewReader(text), "x")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "dataset: x: ") {
			t.Errorf("%q: error is %v, expected %q", text, err, want)
		}
	}
	c := Chorales{"train": nil}
	if _, err := c.Part("valid"); !errors.Is(err, ErrMismatch) {
		t.Errorf("error is %v", err)
	}
	dir := t.TempDir()
	if _, err := LoadChorales(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "snurun data jsb") {
		t.Errorf("error is %v", err)
	}
	for _, name := range []string{"a.json", "b.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"test": [[[60], [62]]]}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadChorales(dir); err == nil {
		t.Error("of two files one was taken")
	}
	if err := os.Remove(filepath.Join(dir, "b.json")); err != nil {
		t.Fatal(err)
	}
	if all, err := LoadChorales(dir); err != nil || len(all["test"]) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// Music is read for a network that decides on sets of notes, and for no other.
func TestOpenMusic(t *testing.T) {
	m := &model.Network{
		Steps: 1, Input: MusicInput(), Readout: model.Readout{Kind: model.StepSet},
		Layers: []model.Layer{{Kind: model.Dense, In: []int{88}, Out: []int{88}}},
	}
	path := filepath.Join("..", "testdata", "jsb", ChoralesFile+".gz")
	source, err := Open(path, m)
	if err != nil || source.Len() != 382 || TargetsOf(source, 0).Steps() == 0 {
		t.Errorf("%v, %v", source, err)
	}
	m.Readout.Kind = model.StepClass
	if _, err := Open(path, m); err == nil {
		t.Error("a network that decides on classes took music")
	}
}

func FuzzReadChorales(f *testing.F) {
	f.Add([]byte(`{"train": [[[60, 64], []]], "test": [[[21], [108]]]}`))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ReadChorales(strings.NewReader(string(data)), "x")
		if err != nil {
			return
		}
		source, err := all.All()
		if err != nil {
			t.Fatal(err)
		}
		for i := range source.Len() {
			if n := Length(source, i); n < 1 || TargetsOf(source, i).Counted() != n {
				t.Errorf("piece %d has %d steps and targets of %d", i, n, TargetsOf(source, i).Counted())
			}
		}
	})
}
