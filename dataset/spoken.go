package dataset

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/snurun/snurun/model"
)

// spokenTest is how many recordings of each class and speaker are for testing: the
// first.
const spokenTest = 5

// LoadSpoken reads a part of the recordings of single words of a folder, in files
// CLASS_SPEAKER_INDEX.wav as those of the Free Spoken Digit Dataset. Those with an
// index of 0 to 4 are the test; or, if a speaker is named, those of the speaker. The
// options' List is not looked at.
func LoadSpoken(ctx context.Context, dir string, part Part, speaker string, in model.Input, o FolderOptions) (Source, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	var entries []entry
	for _, f := range files {
		name, isWAV := strings.CutSuffix(f.Name(), ".wav")
		words := strings.Split(name, "_")
		if !isWAV || len(words) != 3 || f.IsDir() || hidden(f) {
			continue
		}
		index, err := strconv.Atoi(words[2])
		if err != nil || index < 0 {
			continue
		}
		test := index < spokenTest
		if speaker != "" {
			test = words[1] == speaker
		}
		if test == (part == TestPart) {
			entries = append(entries, entry{file: filepath.Join(dir, f.Name()), class: words[0]})
		}
	}
	if len(entries) == 0 {
		what := "for testing, with an INDEX of 0 to 4"
		switch {
		case part == TrainPart && speaker != "":
			what = "of another SPEAKER than " + speaker
		case part == TrainPart:
			what = "to train on, with an INDEX from 5 on"
		case speaker != "":
			what = "of the SPEAKER " + speaker
		}
		return nil, fmt.Errorf("dataset: %s: %w: no files CLASS_SPEAKER_INDEX.wav %s", dir, fs.ErrNotExist, what)
	}
	return loadEntries(ctx, dir, entries, in, o)
}

// HoldsSound reports whether the first recording of a folder, or of a list in it, is
// sound; see LoadFolder.
func HoldsSound(dir, list string) bool {
	if isSet(list) {
		return false
	}
	if dir == "" {
		dir = filepath.Dir(list)
	}
	entries, err := folderEntries(dir, list)
	if err != nil || len(entries) == 0 {
		return false // reported by who reads it
	}
	path, err := entries[0].find(dir)
	if err != nil {
		return false
	}
	kind, err := kindOfFile(path)
	return err == nil && kind == "sound"
}
