package hdf5

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unpack returns the contents of a packed fixture.
func unpack(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// object is what reading one name gives, as want.json has it.
type object struct {
	Kind   string   `json:"kind"`
	Shape  []int    `json:"shape"`
	Values []string `json:"values"`
	Error  string   `json:"error"`
}

// contents reads everything below g. What cannot be read has the name of its
// error.
func contents(g *Group, into map[string]object) {
	for _, name := range g.Names() {
		sub, err := g.Group(name)
		if err == nil {
			contents(sub, into)
			continue
		}
		path := g.join(name)
		d, err := g.Dataset(name)
		if err == nil {
			into[path], err = values(d)
		}
		if err != nil {
			into[path] = object{Error: errorName(err)}
		}
	}
}

func values(d *Dataset) (object, error) {
	o := object{Kind: d.Kind().String(), Shape: d.Shape(), Values: []string{}}
	var err error
	switch d.Kind() {
	case Float:
		var v []float64
		v, err = d.Float64s()
		for _, x := range v {
			o.Values = append(o.Values, strconv.FormatFloat(x, 'x', -1, 64))
		}
	case Int:
		var v []int64
		if v, err = d.Int64s(); errors.Is(err, ErrType) {
			// Beyond int64.
			var f []float64
			f, err = d.Float64s()
			for _, x := range f {
				o.Values = append(o.Values, fmt.Sprintf("%.0f", x))
			}
		}
		for _, x := range v {
			o.Values = append(o.Values, strconv.FormatInt(x, 10))
		}
	case String:
		var v []string
		v, err = d.Strings()
		o.Values = append(o.Values, v...)
	case Record:
		var columns []*Numbers
		if columns, err = d.Columns(); err != nil {
			return o, err
		}
		for i := range d.space.count {
			var fields []string
			for _, x := range columns {
				if x == nil {
					fields = append(fields, "-")
				} else {
					fields = append(fields, number(x, int(i)))
				}
			}
			o.Values = append(o.Values, strings.Join(fields, " "))
		}
	case Sequence:
		var all []Numbers
		all, err = d.Sequences()
		for _, x := range all {
			var fields []string
			for i := range x.Len() {
				fields = append(fields, number(&x, i))
			}
			o.Values = append(o.Values, strings.Join(fields, " "))
		}
	}
	return o, err
}

// number returns number i of x as want.json has it.
func number(x *Numbers, i int) string {
	return strconv.FormatFloat(x.At(i), 'g', -1, 64)
}

func errorName(err error) string {
	for name, is := range map[string]error{
		"not HDF5": ErrNotHDF5, "unsupported": ErrUnsupported, "corrupt": ErrCorrupt,
		"limit": ErrLimit, "type": ErrType, "not exist": fs.ErrNotExist,
	} {
		if errors.Is(err, is) {
			return name
		}
	}
	return "without a sentinel: " + err.Error()
}

// TestFixtures compares every dataset with what h5py reads from it.
func TestFixtures(t *testing.T) {
	var want map[string]map[string]object
	if err := json.Unmarshal(unpack(t, "want.json"), &want); err != nil {
		t.Fatal(err)
	}
	for name, objects := range want {
		t.Run(name, func(t *testing.T) {
			compare(t, read(t, unpack(t, name+".h5")), objects)
		})
	}
}

func read(t testing.TB, data []byte) map[string]object {
	t.Helper()
	f, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]object{}
	contents(f.Root(), got)
	return got
}

// compare compares datasets by path.
func compare(t *testing.T, got, want map[string]object) {
	t.Helper()
	for path, w := range want {
		g, ok := got[path]
		if !ok {
			t.Errorf("%s: missing", path)
			continue
		}
		if g.Error != w.Error || g.Kind != w.Kind || !slices.Equal(g.Shape, w.Shape) {
			t.Errorf("%s: %v of shape %v, error %q; expected %v of %v, error %q", path, g.Kind, g.Shape, g.Error, w.Kind, w.Shape, w.Error)
			continue
		}
		if !slices.EqualFunc(g.Values, w.Values, func(g, w string) bool { return g == w || sameNumber(g, w) }) {
			t.Errorf("%s: %v, expected %v", path, g.Values, w.Values)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s: unexpected", path)
		}
	}
}

// sameNumber compares numbers in the notations of Go and Python, which is
// exact: every stored value is a float64 or rounds to one.
func sameNumber(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && (x == y && math.Signbit(x) == math.Signbit(y) || x != x && y != y)
}
