package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
)

// readingFlags are the flags of how files are read.
type readingFlags struct {
	dataset.Reading
	said *remarks
}

// add adds the flags to a command.
func (r *readingFlags) add(cmd *cobra.Command) {
	r.said = &remarks{cmd: cmd}
	f := cmd.Flags()
	f.BoolVar(&r.SkipBad, "skip-bad", false, "pass over malformed events and recordings, and count them")
	f.BoolVar(&r.Strict, "strict", false, "fail where data are implausible, instead of a warning")
	f.StringVar(&r.Chip, "chip", "", "`sensor` of AEDAT recordings that do not name it, such as DAVIS346")
	f.StringVar(&r.Columns, "columns", "", "`names` of the columns of events, such as x,y,p,t or t_s,x,y,p; of CSV, names or numbers of the columns that are channels")
	f.Var((*intensity)(&r.Picture.Level), "level", "take pixels of a picture below this intensity, of 255, for paper")
	f.Var((*inversion)(&r.Picture), "invert", "`whether` pictures are dark on light: auto, yes or no (default auto)")
}

// inversion is the value of a flag: whether pictures are inverted.
type inversion dataset.PictureOptions

func (i *inversion) Type() string { return "string" }

func (i *inversion) String() string {
	switch {
	case i.Invert == nil:
		return "" // auto
	case *i.Invert:
		return "yes"
	}
	return "no"
}

// Set implements pflag.Value.
func (i *inversion) Set(text string) error {
	yes := text == "yes"
	switch text {
	case "auto":
		i.Invert = nil
	case "yes", "no":
		i.Invert = &yes
	default:
		return errors.New("expected auto, yes or no")
	}
	return nil
}

// intensity is the value of a flag: that of a pixel.
type intensity int

func (i *intensity) String() string { return strconv.Itoa(int(*i)) }
func (i *intensity) Type() string   { return "int" }

// Set implements pflag.Value.
func (i *intensity) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 255 {
		return errors.New("expected 0 to 255")
	}
	*i = intensity(n)
	return nil
}

// shownRemarks is how many remarks of a kind are printed one by one.
const shownRemarks = 5

// reading returns how files are read.
func (r *readingFlags) reading() dataset.Reading {
	o := r.Reading
	if r.said != nil {
		o.Remark = r.said.add
	}
	return o
}

// remarks are what is odd about the files that were read.
type remarks struct {
	cmd    *cobra.Command
	all    []dataset.Remark // the first ones
	counts map[string]int   // of files, by kind
}

// add prints a remark, if there have been few of its kind.
func (r *remarks) add(x dataset.Remark) {
	if r.counts == nil {
		r.counts = make(map[string]int)
	}
	r.counts[x.Kind]++
	switch n := r.counts[x.Kind]; {
	case n <= shownRemarks:
		fmt.Fprintf(r.cmd.ErrOrStderr(), "snurun: warning: %v\n", x)
		r.all = append(r.all, x)
	case n == shownRemarks+1:
		fmt.Fprintf(r.cmd.ErrOrStderr(), "snurun: warning: and more files of this kind (%s)\n", x.Kind)
	}
}

// String returns how many files there were of each kind, "" for none.
func (r *remarks) String() string {
	if r == nil {
		return ""
	}
	var kinds []string
	for kind, n := range r.counts {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", ")
}

// json returns the remarks as fields of JSON, nil for none.
func (r *remarks) json() map[string]any {
	if r == nil || len(r.all) == 0 {
		return nil
	}
	var first []map[string]any
	for _, x := range r.all {
		first = append(first, map[string]any{"file": x.File, "kind": x.Kind, "count": x.Count, "text": x.Text})
	}
	return map[string]any{"files": r.counts, "first": first}
}
