//go:build !board

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/train"
)

// checkpoints keeps a training's checkpoint beside the model it will write.
type checkpoints struct {
	file  string
	every time.Duration
	last  time.Time

	configuration string // of the training
}

// open restores the trainer and the history from an existing checkpoint if
// resume is set; one is never overwritten by a new training. A new training
// writes its first checkpoint at once: what cannot be written is better known
// now than after an hour.
func (c *checkpoints) open(t *train.Trainer, resume bool) (history []epochReport, best kept, err error) {
	c.last = time.Now()
	f, err := os.Open(c.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if resume {
			return nil, best, fmt.Errorf("there is no checkpoint %s to go on from", c.file)
		}
		return nil, best, c.save(t, nil, best)
	case err != nil:
		return nil, best, err
	}
	defer f.Close()
	if !resume {
		return nil, best, fmt.Errorf("%s is left from an interrupted training: go on with --resume, or delete it", c.file)
	}
	extra, err := t.Restore(f)
	if errors.Is(err, train.ErrCheckpoint) {
		if d := c.differs(); len(d) > 0 {
			return nil, best, fmt.Errorf("%s was written by a training with other flags: %s", c.file, strings.Join(d, ", "))
		}
	}
	var e extraData
	if err == nil {
		err = json.Unmarshal(extra, &e)
	}
	if err == nil && (e.Best.Epoch < 0 || e.Best.Epoch > len(e.History)) {
		err = fmt.Errorf("%w: the best of %d epochs is number %d", train.ErrCheckpoint, len(e.History), e.Best.Epoch)
	}
	if err == nil && t.Done() && len(e.History) == 0 {
		err = fmt.Errorf("%w: all epochs are over, but it says nothing of them", train.ErrCheckpoint)
	}
	if err != nil {
		return nil, best, fmt.Errorf("%s: %w", c.file, err)
	}
	return e.History, e.Best, nil
}

// extraData is what a checkpoint holds besides the trainer.
type extraData struct {
	Configuration string        `json:"configuration"` // first, see differs
	History       []epochReport `json:"history"`
	Best          kept          `json:"best"`
}

// save writes a checkpoint.
func (c *checkpoints) save(t *train.Trainer, history []epochReport, best kept) error {
	extra, err := json.Marshal(extraData{c.configuration, history, best})
	if err != nil {
		return err
	}
	c.last = time.Now()
	return atomicfile.Write(c.file, func(w io.Writer) error { return t.Save(w, extra) })
}

// due reports whether it is time for one.
func (c *checkpoints) due() bool { return time.Since(c.last) >= c.every }

// ripe reports whether the end of an epoch deserves one: not if the last took
// place a moment ago, since short epochs would wait for the disk.
func (c *checkpoints) ripe() bool { return time.Since(c.last) >= c.every/10 }

// differs names the choices that differ from those of the training that wrote the
// file, as far as it can be read for that.
func (c *checkpoints) differs() []string {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return nil
	}
	at := bytes.LastIndex(data, []byte(`{"configuration":`))
	if at < 0 {
		return nil
	}
	var e extraData
	if json.NewDecoder(bytes.NewReader(data[at:])).Decode(&e) != nil {
		return nil
	}
	return differences(e.Configuration, c.configuration)
}

// finish deletes the checkpoint of a finished training, or writes its last one.
func (c *checkpoints) finish(keep bool, t *train.Trainer, history []epochReport, best kept) error {
	if keep {
		return c.save(t, history, best)
	}
	if err := os.Remove(c.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
