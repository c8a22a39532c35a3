package hdf5

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Group is a group of datasets and further groups.
type Group struct {
	parent   *Group
	name     string
	children map[string]node
}

// node is what a link leads to: one of its fields is set.
type node struct {
	group   *Group
	dataset *Dataset
	err     error
}

// Path returns the group's absolute path, "/" for the root.
func (g *Group) Path() string {
	if g.parent == nil {
		return "/"
	}
	return g.parent.join(g.name)
}

// Parent returns the group that the group is in, nil for the root.
func (g *Group) Parent() *Group { return g.parent }

func (g *Group) join(name string) string {
	if g.parent == nil {
		return "/" + name
	}
	return g.Path() + "/" + name
}

// Names returns the names of the group's members in ascending byte order.
func (g *Group) Names() []string {
	return slices.Sorted(maps.Keys(g.children))
}

// Group returns the group at a path relative to g, such as "node/nodes".
//
// The error is fs.ErrNotExist if there is no such name, [ErrType] if it is a
// dataset, and [ErrUnsupported] if this package cannot read it.
func (g *Group) Group(path string) (*Group, error) {
	at, n, err := g.find(path)
	if err != nil {
		return nil, err
	}
	if n.group == nil {
		return nil, inObject(at, fmt.Errorf("%w: a dataset, expected a group", ErrType))
	}
	return n.group, nil
}

// Dataset returns the dataset at a path relative to g. The errors are those of
// [Group.Group], with [ErrType] for a group.
func (g *Group) Dataset(path string) (*Dataset, error) {
	at, n, err := g.find(path)
	if err != nil {
		return nil, err
	}
	if n.dataset == nil {
		return nil, inObject(at, fmt.Errorf("%w: a group, expected a dataset", ErrType))
	}
	return n.dataset, nil
}

// find follows a path of names and returns its absolute form and its end.
func (g *Group) find(path string) (string, node, error) {
	name, rest, more := strings.Cut(path, "/")
	at := g.join(name)
	n, ok := g.children[name]
	switch {
	case !ok:
		return at, n, inObject(at, fs.ErrNotExist)
	case n.err != nil:
		return at, n, inObject(at, n.err)
	case !more:
		return at, n, nil
	case n.group == nil:
		return at, n, inObject(at, fmt.Errorf("%w: a dataset, expected a group", ErrType))
	}
	return n.group.find(rest)
}
