package asm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// pointerFields returns the fields of the package's structs that hold pointers, by
// the names that the assembly has for them, such as tile_rows.
func pointerFields(t *testing.T) map[string]bool {
	fields := make(map[string]bool)
	for name, lines := range sources(t, "*.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, strings.Join(lines, "\n"), 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range s.Fields.List {
				of := f.Type
				if array, ok := of.(*ast.ArrayType); ok && array.Len != nil {
					of = array.Elt
				}
				if _, ok := of.(*ast.StarExpr); !ok {
					continue
				}
				for _, name := range f.Names {
					fields[spec.Name.Name+"_"+name.Name] = true
				}
			}
			return true
		})
	}
	return fields
}

// toMemory matches an instruction whose last operand is in memory at a field: a
// store, or an operation on memory.
var (
	toMemory  = regexp.MustCompile(`^(\w+)(?:\.\w+)?\s.*,\s*\(?(\w+_\w+[\w+*]*)\)?\(\w+\)$`)
	fieldName = regexp.MustCompile(`\w+_\w+`)
)

// The assembly changes no pointer in its arguments. Where it moves on from row to
// row it ends up past the last one, and if a garbage collection finds such a
// pointer before Go code overwrites it, the program ends with "found bad pointer".
func TestPointersStay(t *testing.T) {
	pointers := pointerFields(t)
	within := map[string]string{ // what may be changed: to the beginning of an array
		"rowList_from": "acc",
		"tile_rows":    "the list of a stream",
	}
	stores, seen := 0, make(map[string]bool)
	for name, lines := range sources(t, "*_amd64.s", "*_amd64.h", "*_arm64.s", "*_arm64.h") {
		for i, line := range lines {
			line, _, _ = strings.Cut(line, "//")
			for instruction := range strings.SplitSeq(strings.TrimRight(line, "\\ \t"), ";") {
				m := toMemory.FindStringSubmatch(strings.TrimSpace(instruction))
				if m == nil || strings.HasPrefix(m[1], "CMP") || strings.HasPrefix(m[1], "TEST") {
					continue
				}
				stores++
				for _, field := range fieldName.FindAllString(m[2], -1) {
					if within[field] != "" {
						seen[field] = true
					} else if pointers[field] {
						t.Errorf("%s:%d: %s changes the pointer %s: keep what moves in a register or a uintptr", name, i+1, strings.TrimSpace(instruction), field)
					}
				}
			}
		}
	}
	if stores < 20 || len(seen) != len(within) || !pointers["stepPart_w"] || !pointers["dotGroup_rows"] || pointers["stepPart_row"] {
		t.Errorf("%d stores to fields, of the exceptions only %v, %d pointers: the test no longer reads the assembly", stores, seen, len(pointers))
	}
}
