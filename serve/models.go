package serve

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/serve/live"
)

// ErrUnknownModel is the error of a request for a model, or a version of one, that
// is not served.
var ErrUnknownModel = errors.New("no such model")

// Model is a network that is served: what one version of its file says. It is
// immutable; requests that have begun with it end with it.
type Model struct {
	name      string
	version   string // the first digits of its SHA-256
	net       *runtime.Network
	encoder   *dataset.Encoder // nil for a network whose input is no picture
	evaluator *evaluate.Evaluator
	card      live.Card
	watched   *live.Model // what the page sees

	idle struct {
		sync.Mutex
		workers []*worker
	}
}

// Name returns the name that requests call the model by.
func (m *Model) Name() string { return m.name }

// Version returns the version: the first 12 digits of the file's SHA-256.
func (m *Model) Version() string { return m.version }

// Network returns the network.
func (m *Model) Network() *runtime.Network { return m.net }

// Card returns what there is to say of the model. It is shared and must not be
// changed.
func (m *Model) Card() *live.Card { return &m.card }

// versionDigits is how much of a file's SHA-256 names a version.
const versionDigits = 12

// readModel reads, compiles and proves a model, and reads its samples, if there is a
// folder of its name in samples. What it took to read is given back to the system.
func readModel(name, path, samples string) (*Model, error) {
	n, info, err := export.ReadFileInfo(path)
	if err != nil {
		return nil, err
	}
	net, err := runtime.Compile(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := &Model{name: name, net: net, evaluator: evaluate.New(net)}
	sum := hex.EncodeToString(info.SHA256[:])
	m.version = sum[:versionDigits]
	tested, err := live.Prove(net, n.SelfTest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if n.Input.Encoder.Coding.Spec().Pixels {
		if m.encoder, err = dataset.NewEncoder(n.Input); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	m.card = live.NewCard(name, n, net, info, tested)
	source, err := readSamples(filepath.Join(samples, name), samples != "", n)
	if err != nil {
		return nil, err
	}
	if m.watched, err = live.NewModel(net, source, n.SelfTest); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	debug.FreeOSMemory()
	return m, nil
}

// readSamples reads the recordings of a folder, if there is one.
func readSamples(dir string, wanted bool, n *model.Network) (dataset.Source, error) {
	if _, err := os.Stat(dir); !wanted || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return dataset.LoadFolder(context.Background(), dir, n.Input, dataset.FolderOptions{Classes: n.Classes})
}

// slot is the place of a model: which file it comes from, and what is served now.
type slot struct {
	name, path string
	samples    string // folder that may have one of its samples
	current    atomic.Pointer[Model]
	tried      stamp  // of the file that was read last, whether it was taken or not
	unseen     string // why there is no stamp of the file, once that has been told

	lock      sync.Mutex
	followers map[*follower]bool
}

// follower is told of each new version of a model.
type follower struct{ tell func(*Model) }

// stamp tells whether a file has changed.
type stamp struct {
	size     int64
	modified time.Time
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// registry is the models that are served, by name. Which names there are does not
// change.
type registry struct {
	slots  []*slot
	byName map[string]*slot
	lock   sync.Mutex // of reloading
}

// newRegistry reads all models; each must be there and pass its self-test.
func newRegistry(paths []string, samples string) (*registry, error) {
	if len(paths) == 0 {
		return nil, errors.New("serve: there are no models, expected at least one file")
	}
	r := &registry{byName: make(map[string]*slot)}
	for _, path := range paths {
		name := nameOf(path)
		if name == "" {
			return nil, fmt.Errorf("serve: %s: the file has no name that requests could use", path)
		}
		if other := r.byName[name]; other != nil {
			return nil, fmt.Errorf("serve: %s and %s would both be the model %q: rename one", other.path, path, name)
		}
		s := &slot{name: name, path: path, samples: samples}
		if _, err := s.load(); err != nil {
			return nil, fmt.Errorf("serve: %w", err)
		}
		r.slots, r.byName[name] = append(r.slots, s), s
	}
	return r, nil
}

// nameOf returns the name of a file without its extension.
func nameOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// get returns the model of a name, of which an empty version stands for the one that
// there is.
func (r *registry) get(name, version string) (*Model, error) {
	s := r.byName[name]
	if s == nil {
		names := make([]string, len(r.slots))
		for i, s := range r.slots {
			names[i] = s.name
		}
		return nil, fmt.Errorf("%w: %.100q, expected one of %s", ErrUnknownModel, name, strings.Join(names, ", "))
	}
	m := s.current.Load()
	if version != "" && version != m.version {
		return nil, fmt.Errorf("%w: model %q has no version %.100q, expected %s", ErrUnknownModel, name, version, m.version)
	}
	return m, nil
}

// all returns the models in the order in which they were named.
func (r *registry) all() []*Model {
	models := make([]*Model, len(r.slots))
	for i, s := range r.slots {
		models[i] = s.current.Load()
	}
	return models
}

// load reads the file of a slot and, if the network proves itself, serves it from
// then on.
func (s *slot) load() (*Model, error) {
	at, err := stampOf(s.path)
	if err != nil {
		return nil, err
	}
	s.tried = at
	m, err := readModel(s.name, s.path, s.samples)
	if err != nil {
		return nil, err
	}
	s.current.Store(m)
	s.lock.Lock()
	defer s.lock.Unlock()
	for f := range s.followers {
		f.tell(m)
	}
	return m, nil
}

// follow tells of each version of a model after m, until the function that it returns
// is called.
func (r *registry) follow(m *Model, tell func(*Model)) (stop func()) {
	s, f := r.byName[m.name], &follower{tell}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.followers == nil {
		s.followers = make(map[*follower]bool)
	}
	s.followers[f] = true
	if now := s.current.Load(); now != m {
		tell(now) // it came in between
	}
	return func() {
		s.lock.Lock()
		defer s.lock.Unlock()
		delete(s.followers, f)
	}
}

// Reloaded is what became of one model's file.
type Reloaded struct {
	Model string
	Old   string // version served before
	New   string // version served now: Old if the file could not be taken
	Err   error  // why it could not
}

// reload reads the files that have changed, or all. A file that is not there, or
// whose network does not pass its self-test, leaves the model as it is.
func (r *registry) reload(all bool) []Reloaded {
	r.lock.Lock()
	defer r.lock.Unlock()
	var report []Reloaded
	for _, s := range r.slots {
		at, err := stampOf(s.path)
		unseen := ""
		if err != nil {
			unseen = err.Error()
		}
		known := unseen == s.unseen
		s.unseen = unseen
		if !all && (err == nil && at == s.tried || err != nil && known || errors.Is(err, fs.ErrNotExist)) {
			continue // a file that is about to be replaced may be away for a moment
		}
		old := s.current.Load()
		done := Reloaded{Model: s.name, Old: old.version, New: old.version}
		m, err := s.load()
		if err == nil {
			done.New = m.version
		}
		done.Err = err
		report = append(report, done)
	}
	return report
}
