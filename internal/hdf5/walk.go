package hdf5

import (
	"errors"
	"fmt"
	"strings"
)

// maxDepth is the deepest nesting of groups. It bounds the stack and the length
// of paths.
const maxDepth = 64

// walk reads the tree of groups.
type walk struct {
	file *File
	im   image
	seen map[uint64]node // objects by address; empty for a group being read
}

// object reads the object at address at, which parent links to by name. What
// is not supported is an error in the node; any other error ends the walk.
func (w *walk) object(at uint64, parent *Group, name string, depth int) (node, error) {
	if n, again := w.seen[at]; again {
		if n.dataset == nil && n.err == nil {
			return node{err: unsupported(at, "another hard link to a group, or a cycle of groups")}, nil
		}
		return n, nil
	}
	w.seen[at] = node{}
	n, err := w.read(at, parent, name, depth)
	if err != nil {
		if !errors.Is(err, ErrUnsupported) {
			path := "/"
			if parent != nil {
				path = parent.join(name)
			}
			return n, inObject(path, err)
		}
		n = node{err: err}
	}
	w.seen[at] = n
	return n, nil
}

func (w *walk) read(at uint64, parent *Group, name string, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, fmt.Errorf("%w: groups are nested more than %d deep", ErrLimit, maxDepth)
	}
	h, err := w.im.header(at)
	if err != nil {
		return node{}, err
	}
	if h.refused != nil {
		return node{}, h.refused
	}
	if h.isGroup() {
		g := &Group{parent: parent, name: name, children: map[string]node{}}
		return node{group: g}, w.members(h, g, depth+1)
	}
	d, err := w.im.dataset(h)
	if err != nil {
		return node{}, err
	}
	d.file, d.parent, d.name = w.file, parent, name
	return node{dataset: d}, nil
}

func (h *header) isGroup() bool {
	_, symbols := h.get(msgSymbolTable)
	_, info := h.get(msgLinkInfo)
	return symbols || info || len(h.links) > 0
}

// members reads what group g links to, in whichever form its header has it.
func (w *walk) members(h *header, g *Group, depth int) error {
	if c, ok := h.get(msgSymbolTable); ok {
		if err := w.symbolTable(c, g, depth); err != nil {
			return err
		}
	}
	for _, b := range h.links {
		c := w.im.cursor(w.im.data[b.at:b.at+b.size], b.at)
		if err := w.link(c, g, depth); err != nil {
			return err
		}
	}
	if c, ok := h.get(msgLinkInfo); ok {
		return w.linkInfo(c, g, depth)
	}
	return nil
}

// symbolTable reads the members of an old-style group: a B-tree whose leaves
// are symbol table nodes, with the names in a local heap.
func (w *walk) symbolTable(c cursor, g *Group, depth int) error {
	tree, heapAt := c.address(), c.address()
	if err := c.err("symbol table message"); err != nil {
		return err
	}
	heap, err := w.im.localHeap(heapAt)
	if err != nil {
		return err
	}
	return w.im.btree1(tree, btreeGroup, w.im.lenSize, func(_ cursor, child uint64) error {
		return w.symbols(child, heap, g, depth)
	})
}

// symbols reads the entries of the symbol table node at address at (sections
// III.B and III.C).
func (w *walk) symbols(at uint64, heap cursor, g *Group, depth int) error {
	c, err := w.im.block(at, 8, "symbol table node")
	if err != nil {
		return err
	}
	if err := c.signature("SNOD"); err != nil {
		return err
	}
	version := c.u8()
	c.skip(1)
	entries := c.u16()
	if version != 1 {
		return unsupported(at, "symbol table node: version %d, expected 1", version)
	}
	c, err = w.im.block(c.at, uint64(entries)*uint64(2*w.im.offSize+24), "symbol table node")
	if err != nil {
		return err
	}
	for range entries {
		entryAt := c.at
		nameAt := c.uint(w.im.offSize)
		object := c.address()
		cache := c.u32()
		c.skip(4)
		value := c.u32() // of the 16 bytes of scratch space
		c.skip(12)
		name, err := w.im.heapString(heap, nameAt)
		if err != nil {
			return err
		}
		const cachesSoftLink = 2
		if cache != cachesSoftLink {
			if err := w.hardLink(entryAt, object, g, name, depth); err != nil {
				return err
			}
			continue
		}
		target, err := w.im.heapString(heap, uint64(value))
		if err != nil {
			return err
		}
		if err := put(entryAt, g, name, node{err: unsupported(entryAt, "soft link to %.200q", target)}); err != nil {
			return err
		}
	}
	return nil
}

// linkInfo reads the members of a new-style group that are not in link
// messages of its header but in dense storage.
func (w *walk) linkInfo(c cursor, g *Group, depth int) error {
	const tracksOrder = 1
	at := c.at
	version, flags := c.u8(), c.u8()
	if flags&tracksOrder != 0 {
		c.skip(8)
	}
	heapAt, tree := c.address(), c.address()
	if err := c.err("link info message"); err != nil {
		return err
	}
	if version != 0 {
		return unsupported(at, "link info message: version %d, expected 0", version)
	}
	if heapAt == undefined {
		return nil
	}
	heap, err := w.im.fractalHeap(heapAt)
	if err != nil {
		return err
	}
	return w.im.btree2(tree, btreeLinkName, linkNameSize(heap), func(record cursor) error {
		record.skip(4) // hash of the name
		c, err := heap.object(record)
		if err != nil {
			return err
		}
		if err := w.im.visit(c.at, uint64(len(c.b)), "link"); err != nil {
			return err
		}
		return w.link(c, g, depth)
	})
}

// Flags and types of a link message (section IV.A.2.g).
const (
	linkNameWidth  = 3 // log2 of the width of the name's length
	linkHasOrder   = 1 << 2
	linkHasType    = 1 << 3
	linkHasCharset = 1 << 4

	linkHard     = 0
	linkSoft     = 1
	linkExternal = 64
)

// link reads one link message.
func (w *walk) link(c cursor, g *Group, depth int) error {
	at := c.at
	version, flags := c.u8(), c.u8()
	kind := uint8(linkHard)
	if flags&linkHasType != 0 {
		kind = c.u8()
	}
	if flags&linkHasOrder != 0 {
		c.skip(8)
	}
	if flags&linkHasCharset != 0 {
		c.skip(1)
	}
	name := string(c.bytes(c.uint(1 << (flags & linkNameWidth))))
	if err := c.err("link message"); err != nil {
		return err
	}
	if version != 1 {
		return unsupported(at, "link message: version %d, expected 1", version)
	}
	switch kind {
	case linkHard:
		object := c.address()
		if err := c.err("link message"); err != nil {
			return err
		}
		return w.hardLink(at, object, g, name, depth)
	case linkSoft:
		target := c.bytes(uint64(c.u16()))
		if err := c.err("link message"); err != nil {
			return err
		}
		return put(at, g, name, node{err: unsupported(at, "soft link to %.200q", target)})
	case linkExternal:
		return put(at, g, name, node{err: unsupported(at, "external link")})
	}
	return put(at, g, name, node{err: unsupported(at, "link of user-defined type %d", kind)})
}

// hardLink reads the object that a link at byte at leads to.
func (w *walk) hardLink(at, object uint64, g *Group, name string, depth int) error {
	if err := checkName(at, g, name); err != nil {
		return err
	}
	n, err := w.object(object, g, name, depth)
	if err != nil {
		return err
	}
	g.children[name] = n
	return nil
}

// put makes n a member of g.
func put(at uint64, g *Group, name string, n node) error {
	if err := checkName(at, g, name); err != nil {
		return err
	}
	g.children[name] = n
	return nil
}

func checkName(at uint64, g *Group, name string) error {
	if !validName(name) {
		return corrupt(at, "%.200q cannot be the name of a link", name)
	}
	if _, twice := g.children[name]; twice {
		return corrupt(at, "two links have the name %.200q", name)
	}
	return nil
}

// validName reports whether a link can have the name: it is one step of a path.
func validName(name string) bool {
	return name != "" && name != "." && !strings.ContainsAny(name, "/\x00")
}
