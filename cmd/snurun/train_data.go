//go:build !board

package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/train"
)

// The kinds of data sets.
const (
	mnistSet  = "mnist"  // MNIST in IDX files
	imageSet  = "images" // other images in IDX files of the same names
	folderSet = "folder" // recordings, of subfolders or lists
	spokenSet = "spoken" // sound in files CLASS_SPEAKER_INDEX.wav
)

// trainingData is what a training learns from and is tested on.
type trainingData struct {
	training dataset.Source
	valid    dataset.Source // for choices; nil if some of training are held out for them
	test     dataset.Source // nil if there is none
	draw     bool           // whether the samples held out are drawn, not the last ones
}

// checkData reports flags that do not fit the kind of data set.
func (o *trainOptions) checkData() error {
	switch o.dataset {
	case mnistSet, imageSet, choraleSet:
		for _, name := range []string{"list", "test-list", "bin", "bin-us", "counts", "delta", "time-jitter"} {
			if o.flags.Changed(name) {
				return usagef("--%s is for recordings: --dataset %s", name, folderSet)
			}
		}
	case folderSet:
	case sequenceSet, spokenSet:
		for _, name := range []string{"list", "test-list"} {
			if o.flags.Changed(name) {
				return usagef("--%s is for recordings: --dataset %s", name, folderSet)
			}
		}
	default:
		return usagef("--dataset is %q, expected %s, %s, %s, %s, %s or %s", o.dataset, mnistSet, imageSet, folderSet, spokenSet, choraleSet, sequenceSet)
	}
	if o.flags.Changed("transpose") && o.dataset != choraleSet {
		return usagef("--transpose is for music: --dataset %s", choraleSet)
	}
	if o.flags.Changed("window") && o.dataset != choraleSet && o.dataset != sequenceSet {
		return usagef("--window is for sequences: --dataset %s or %s", choraleSet, sequenceSet)
	}
	if held, _ := o.flags.GetFloat64("held"); o.flags.Changed("held") && !(held > 0 && held < 1) {
		return usagef("--held is %v, expected a share above 0 and below 1", held)
	}
	if o.flags.Changed("delta") {
		text, _ := o.flags.GetString("delta")
		if _, _, err := parseDelta(text); err != nil {
			return err
		}
	}
	switch {
	case o.data == "" && o.list == "":
		return usagef("--data is missing: the folder of the data set; 'snurun data mnist --out DIR' fetches MNIST")
	case o.flags.Changed("input") && (len(o.input) == 0 || slices.Min(o.input) < 1):
		return usagef("--input is %v, expected a shape such as 2,34,34", o.input)
	case o.flags.Changed("delta") && (o.flags.Changed("counts") || o.flags.Changed("input")):
		return usagef("--delta makes spikes of values, two channels of each: --counts and --input are for events")
	case o.binned() && !(o.bin >= 0.001):
		return usagef("--bin is %v ms, expected at least 0.001, 1 µs", o.bin)
	}
	return nil
}

// loadImages loads images and makes the plan of their training.
func (o *trainOptions) loadImages(_ context.Context, recipe train.Recipe) (trainingData, *model.Network, error) {
	load := dataset.LoadMNIST
	if o.dataset == imageSet {
		load = dataset.LoadImages
	}
	var d trainingData
	sets := map[dataset.Part]dataset.ImageSet{}
	for _, part := range []dataset.Part{dataset.TrainPart, dataset.TestPart} {
		set, err := load(o.data, part)
		if err != nil {
			return d, nil, err
		}
		sets[part] = set
	}
	set, test := sets[dataset.TrainPart], sets[dataset.TestPart]
	if set.Height != test.Height || set.Width != test.Width {
		return d, nil, fmt.Errorf("%s: the test images have %d×%d pixels, those for training %d×%d", o.data, test.Height, test.Width, set.Height, set.Width)
	}
	if len(test.Classes) > len(set.Classes) {
		return d, nil, fmt.Errorf("%s: the test images have %d classes, those for training only %d", o.data, len(test.Classes), len(set.Classes))
	}
	o.shape = []int{1, set.Height, set.Width}
	if o.input != nil {
		if !holds(o.input, set.Height*set.Width) {
			return d, nil, usagef("--input is %v, the images have %d×%d pixels", o.input, set.Height, set.Width)
		}
		o.shape = o.input
	}
	o.plan = recipe.Setup(o.shape, set.Classes)
	if o.input != nil {
		o.plan.Topology.Input.Shape = o.input
	}
	m, err := o.network()
	if err != nil {
		return d, nil, err
	}
	if !m.Input.Encoder.Coding.Spec().Pixels {
		what := "recipe " + recipe.Name
		if o.initial != nil {
			what = o.init
		}
		return d, nil, usagef("%s is for recordings: --dataset %s", what, folderSet)
	}
	if d.training, err = imageSource(m, set); err != nil {
		return d, nil, err
	}
	d.test, err = imageSource(m, test)
	return d, m, err
}

// holds reports whether a shape of positive dimensions has n channels.
func holds(shape []int, n int) bool {
	for _, d := range shape {
		if n%d != 0 {
			return false
		}
		n /= d
	}
	return n == 1
}

// loadFolder loads recordings and makes the plan of their training.
func (o *trainOptions) loadFolder(ctx context.Context, recipe train.Recipe) (trainingData, *model.Network, error) {
	d := trainingData{draw: true}
	var err error
	reading := o.files.reading()
	in, classes := o.recorded(recipe)
	dir, testDir := o.data, o.data
	if o.list == "" && o.testList == "" {
		if dir, testDir = splitFolders(o.data); dir == "" {
			dir = o.data
		}
	}
	steps := 0 // not known yet
	if o.flags.Changed("steps") {
		steps, _ = o.flags.GetInt("steps")
	} else if o.initial != nil {
		steps = o.initial.Steps
	}
	spoken, isNew := o.dataset == spokenSet, false
	if o.initial == nil && (spoken || dataset.HoldsSound(dir, inFolder(o.data, o.list))) {
		isNew = true
		if in, err = o.soundInput(recipe); err != nil {
			return d, nil, err
		}
	}
	load := func(part dataset.Part, dir, list string, classes []string) (dataset.Source, error) {
		f := dataset.FolderOptions{Reading: reading, List: list, Classes: classes, Steps: steps}
		if spoken {
			return dataset.LoadSpoken(ctx, o.data, part, o.speaker, in, f)
		}
		return dataset.LoadFolder(ctx, dir, in, f)
	}
	if d.training, err = load(dataset.TrainPart, dir, inFolder(o.data, o.list), classes); err != nil {
		return d, nil, err
	}
	if isNew {
		if err = o.fitSound(recipe, &d, in); err != nil {
			return d, nil, err
		}
	}
	in.Shape = d.training.Shape()
	if spoken || o.testList != "" || testDir != "" && testDir != o.data {
		if d.test, err = load(dataset.TestPart, testDir, inFolder(cmp.Or(o.data, filepath.Dir(o.list)), o.testList), d.training.Classes()); err != nil {
			return d, nil, err
		}
	}
	if err := o.encodeSignals(recipe, &d, &in); err != nil {
		return d, nil, err
	}
	o.shape = in.Shape
	o.plan = recipe.Setup(in.Shape, d.training.Classes())
	if isNew {
		o.plan.Sound = o.sound
	}
	if err := o.planRecordings(in, d.training); err != nil {
		return d, nil, err
	}
	m, err := o.network()
	return d, m, err
}

// parseDelta returns what --delta says.
func parseDelta(text string) (share float64, difference bool, err error) {
	number, word, more := strings.Cut(text, ",")
	if share, err = strconv.ParseFloat(number, 64); err != nil || !(share > 0 && share <= 1e6) || more && word != "difference" {
		return 0, false, usagef("--delta is %q, expected a share of the standard deviation above 0, such as 0.1, and perhaps ,difference", text)
	}
	return share, more, nil
}

// encodeSignals learns the parameters of an encoder of signals from the values that
// training learns from, and puts their spikes in their place.
func (o *trainOptions) encodeSignals(recipe train.Recipe, d *trainingData, in *model.Input) (err error) {
	e := &in.Encoder
	if !e.Coding.Signals() || e.Width() > 0 {
		return nil
	}
	share := recipe.Setup([]int{1}, []string{""}).Delta
	if text, _ := o.flags.GetString("delta"); text != "" {
		if share, _, err = parseDelta(text); err != nil {
			return err
		}
	}
	used, err := o.learnedFrom(recipe, d)
	if err != nil {
		return err
	}
	if e.Delta, err = dataset.LearnDelta(d.training, used, share, e.Difference); err != nil {
		return fmt.Errorf("%s: %w", cmp.Or(o.data, o.list), err)
	}
	in.Shape = []int{2 * len(e.Delta)}
	for _, source := range []*dataset.Source{&d.training, &d.valid, &d.test} {
		if *source == nil {
			continue
		}
		if *source, err = dataset.FromSignals(*source, *in); err != nil {
			return err
		}
	}
	return nil
}

// binned reports whether the length of a time step is given.
func (o *trainOptions) binned() bool { return o.flags.Changed("bin") || o.flags.Changed("bin-us") }

// recorded returns the input that recordings are read for, and the classes if
// they are known before: those of the network to start from, or else what the
// flags and the recipe say.
func (o *trainOptions) recorded(recipe train.Recipe) (model.Input, []string) {
	if o.initial != nil {
		return o.initial.Input, o.initial.Classes
	}
	// The shape and the classes do not matter to how a recipe codes its input.
	t := recipe.Setup([]int{1, 1, 1}, []string{""}).Topology
	e := t.Input.Encoder
	dt := t.Input.Dt
	if o.binned() {
		dt = model.Millis(o.bin)
	}
	switch {
	case o.flags.Changed("delta"):
		text, _ := o.flags.GetString("delta")
		_, difference, _ := parseDelta(text)
		e = model.Encoder{Coding: model.Series, Difference: difference}
		fallthrough
	case e.Coding.Signals():
		return model.Input{Encoder: e, Dt: dt}, nil
	case e.Coding != model.Events || o.binned():
		e = model.Encoder{Coding: model.Events, BinUS: dt.Micros(), Counts: e.Counts}
	}
	if o.flags.Changed("counts") {
		e.Counts = o.counts
	}
	return model.Input{Shape: o.input, Encoder: e, Dt: model.FromMicros(e.BinUS)}, nil
}

// longestUntold is the number of steps up to which recordings are presented
// whole without being asked for.
const longestUntold = 1000

// planRecordings fits the plan of a recipe to recordings. One that is not made
// for events is told how long they are and how active.
func (o *trainOptions) planRecordings(in model.Input, training dataset.Source) error {
	t := &o.plan.Topology
	made := t.Input.Encoder.Coding == in.Encoder.Coding
	in.Dt = in.Step()
	t.Input = in
	if made || o.initial != nil {
		return nil
	}
	t.Steps = dataset.Longest(training)
	if o.flags.Changed("steps") {
		t.Steps, _ = o.flags.GetInt("steps")
	} else if t.Steps > longestUntold {
		return usagef("--steps is missing: the longest recording has %d steps of %v µs; --bin, or of sound --filters, makes them longer", t.Steps, in.Dt.Micros())
	}
	var err error
	if o.flags.Changed("active") {
		return nil
	}
	t.Active, err = train.Activity(training, t.Input, min(max(1, t.Steps), longestUntold))
	return err
}

// soundInput returns the input of sound that goes through a new bank of filters, whose
// levels are not known yet.
func (o *trainOptions) soundInput(recipe train.Recipe) (model.Input, error) {
	d := recipe.Setup([]int{1}, []string{""}).Sound
	if text, _ := o.flags.GetString("filters"); text != "" {
		high := d.HighHz / float64(d.SampleHz)
		for part := range strings.SplitSeq(text, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			to := map[string]*int{"hz": &d.SampleHz, "hop": &d.Hop, "bands": &d.Bands, "levels": &d.Levels}[name]
			n, err := strconv.Atoi(value)
			if err != nil || to == nil {
				return model.Input{}, usagef("--filters is %q, expected some of hz=H,hop=S,bands=B,levels=L with whole numbers", text)
			}
			*to = n
		}
		d.HighHz = high * float64(d.SampleHz)
	}
	bank, err := d.New()
	if err != nil {
		return model.Input{}, usageError{err}
	}
	o.sound = d
	return model.Input{Shape: []int{d.Bands * d.Levels}, Encoder: model.Encoder{Coding: model.Sounds, Sound: bank}}, nil
}

// fitSound finds the levels of the bank of filters of in by the sound that training
// learns from.
func (o *trainOptions) fitSound(recipe train.Recipe, d *trainingData, in model.Input) error {
	used, err := o.learnedFrom(recipe, d)
	if err != nil {
		return err
	}
	if err := sound.Fit(in.Encoder.Sound, dataset.Sounds(d.training, used)); err != nil {
		return err
	}
	d.training, err = dataset.WithSound(d.training, in)
	return err
}

// learnedFrom returns the samples to train on before there is a plan: an encoder must
// not learn from those held out either.
func (o *trainOptions) learnedFrom(recipe train.Recipe, d *trainingData) ([]int, error) {
	share := recipe.Setup([]int{1, 1, 1}, []string{""}).Held
	if o.flags.Changed("held") {
		share, _ = o.flags.GetFloat64("held")
	}
	used, _, err := o.divide(d, share)
	return used, err
}

// divide returns the samples to train on and the share of them that is held out.
func (o *trainOptions) divide(d *trainingData, share float64) (used, held []int, err error) {
	n := d.training.Len()
	if d.valid != nil {
		if o.holdout != 0 {
			return nil, nil, usagef("--holdout is %d, but %s has samples for choices: valid", o.holdout, o.data)
		}
		return sequence(0, n), sequence(0, d.valid.Len()), nil
	}
	if n < 2 {
		return nil, nil, fmt.Errorf("%s has a single sample, expected at least two: one to learn from, one to hold out", cmp.Or(o.list, o.data))
	}
	label := d.training.Label(0)
	if label >= 0 && !slices.ContainsFunc(sequence(1, n), func(i int) bool { return d.training.Label(i) != label }) {
		return nil, nil, fmt.Errorf("%s has samples of a single class, %q: there is nothing to tell apart", cmp.Or(o.list, o.data), d.training.Classes()[label])
	}
	k := o.holdout
	if k == 0 {
		k = max(1, int(math.Round(share*float64(n))))
	}
	if k < 1 || k >= n {
		return nil, nil, usagef("--holdout is %d, expected 1 to %d", k, n-1)
	}
	if d.draw {
		used, held = dataset.Split(n, float64(k)/float64(n), 1)
		return used, held, nil
	}
	return sequence(0, n-k), sequence(n-k, n), nil
}
