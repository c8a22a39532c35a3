// Package c writes a network as C99 for microcontrollers: constants, one state
// struct, and functions that compute the same bits as package runtime, event by
// event. What it writes calls no library, allocates nothing and has no variables of
// its own.
//
// The text comes from the templates in the folder templates. A name there that
// begins with net_ or NET_ is given the prefix of the export.
package c

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/snurun/snurun/model"
)

// ErrUnsupported is the error of a network that cannot be said in C, and of a
// prefix that is no name there.
var ErrUnsupported = errors.New("cannot be exported as C")

// Layout says how the files are laid out.
type Layout string

// The layouts.
const (
	Plain   Layout = "plain"   // sources, Makefile and CMakeLists.txt in one folder
	Arduino Layout = "arduino" // a library of the Arduino IDE, with a sketch that runs the self-test
	Zephyr  Layout = "zephyr"  // a Zephyr module
)

// Layouts returns all of them.
func Layouts() []Layout { return []Layout{Plain, Arduino, Zephyr} }

// Options are what an export may choose.
type Options struct {
	Name    string // prefix of every name, "net" if empty
	Layout  Layout // Plain if empty
	Program string // what the sources say they were written by
}

// File is a file of an export; its name may have folders, with slashes.
type File struct {
	Name string
	Data []byte
}

// Source is an exported network.
type Source struct {
	Files []File
	Sizes Sizes
}

// Sizes are what a network takes on a board, beside its code and its stack.
type Sizes struct {
	Weights    int // bytes of constants: weights, padding included
	Parameters int // bytes of constants: parameters of neurons, windows
	State      int // bytes of a state
	SelfTest   int // bytes of constants of the self-test, which a program may leave out
	Updates    int // neurons, each updated once a step
}

// Export returns the sources of a valid network, which must have a self-test.
func Export(m *model.Network, o Options) (*Source, error) {
	if o.Name == "" {
		o.Name = "net"
	}
	if o.Layout == "" {
		o.Layout = Plain
	}
	if o.Program == "" {
		o.Program = "snurun"
	}
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	if m.SelfTest == nil {
		return nil, fmt.Errorf("%w: it has no self-test, which proves that the C computes the same", ErrUnsupported)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	g, err := newGenerator(m)
	if err != nil {
		return nil, err
	}
	g.network()
	return g.render(o)
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// keywords are the words of C and C++ that identifier matches, and names of their
// libraries that sources include.
var keywords = strings.Fields(`alignas alignof and asm auto bitand bitor bool break case catch char class compl
	concept const consteval constexpr constinit continue decltype default delete do double else enum explicit
	export extern false float for friend goto if inline int long mutable namespace new noexcept not nullptr
	operator or private protected public register requires restrict return short signed sizeof static struct
	switch template this throw true try typedef typeid typename typeof union unsigned using virtual void
	volatile while xor float stdint string`)

// checkName returns an error unless name can be a prefix and the name of a file.
func checkName(name string) error {
	if len(name) > 40 || !identifier.MatchString(name) {
		return fmt.Errorf("%w: the name is %q, expected up to 40 lower-case letters, digits and single underscores, beginning with a letter, as in net or wand_1", ErrUnsupported, name)
	}
	for _, k := range keywords {
		if name == k {
			return fmt.Errorf("%w: the name is %q, a word of C or C++, expected another, as %s_net", ErrUnsupported, name, name)
		}
	}
	return nil
}

var prefix = regexp.MustCompile(`\b(net_|NET_)|\bNET_H\b`)

// named gives a text the prefix of an export.
func named(text, name string) string {
	return prefix.ReplaceAllStringFunc(text, func(found string) string {
		if found == "net_" {
			return name + "_"
		}
		return strings.ToUpper(name) + "_"
	})
}
