package snurun_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/snurun/snurun"

// TestImports holds the packages against ARCHITECTURE.md: each is a room of its
// table, a small room or a program of the developers, and imports go down the
// table, directly and through small rooms, whatever the build tags.
func TestImports(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, small, tools := roomsOf(t, string(page))
	floor := map[string]int{}
	for i, row := range rows {
		for _, room := range row {
			floor[room] = i
		}
	}
	imports := importsOf(t)
	for _, room := range slices.Sorted(maps.Keys(imports)) {
		_, onTable := floor[room]
		isTool := slices.Contains(tools, room)
		if !onTable && !isTool && !slices.Contains(small, room) {
			t.Errorf("ARCHITECTURE.md does not say what %s is for", room)
		}
		for from, tos := range imports {
			if isTool && slices.Contains(tos, room) {
				t.Errorf("%s imports %s, a program for developers", from, room)
			}
		}
		for _, other := range slices.Sorted(maps.Keys(reached(imports, room))) {
			if at, ok := floor[other]; onTable && ok && at <= floor[room] {
				t.Errorf("%s imports %s, directly or through small rooms, but stands below it or beside it in ARCHITECTURE.md", room, other)
			}
		}
	}
	for _, room := range slices.Concat(slices.Concat(rows...), small, tools) {
		if imports[room] == nil {
			t.Errorf("ARCHITECTURE.md names %s, which is no package", room)
		}
	}
}

// roomsOf reads the section about the house: the rows of its table from the top,
// the small rooms, and the programs under internal/tools.
func roomsOf(t *testing.T, page string) (rows [][]string, small, tools []string) {
	t.Helper()
	_, page, _ = strings.Cut(page, "\n## The house\n")
	house, _, ok := strings.Cut(page, "\n## ")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no section The house")
	}
	code := regexp.MustCompile("`([a-z0-9/-]+)`")
	names := func(text string) (found []string) {
		for _, m := range code.FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		return found
	}
	for line := range strings.Lines(house) {
		switch {
		case strings.HasPrefix(line, "| `"):
			room, _, _ := strings.Cut(line[1:], "|")
			rows = append(rows, names(room))
		case strings.HasPrefix(line, "Small rooms"):
			small = names(line)
		case strings.HasPrefix(line, "Programs"):
			for _, name := range names(line) {
				if name != "internal/tools" {
					tools = append(tools, "internal/tools/"+name)
				}
			}
		}
	}
	if len(rows) < 10 || len(small) == 0 || len(tools) == 0 {
		t.Fatalf("ARCHITECTURE.md lists %d rows of rooms, %d small rooms and %d programs", len(rows), len(small), len(tools))
	}
	return rows, small, tools
}

// importsOf returns which packages of the module each of them imports, test files
// aside.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (d.Name()[0] == '.' || d.Name()[0] == '_' || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if len(file.Comments) > 0 && file.Comments[0].List[0].Text == "//go:build ignore" {
			return nil
		}
		room := path.Dir(filepath.ToSlash(name))
		if imports[room] == nil {
			imports[room] = []string{}
		}
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if p, ok := strings.CutPrefix(p, module+"/"); ok {
				imports[room] = append(imports[room], p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// reached returns the packages that a package imports, directly or not.
func reached(imports map[string][]string, room string) map[string]bool {
	seen := map[string]bool{}
	for todo := slices.Clone(imports[room]); len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[p] {
			seen[p] = true
			todo = append(todo, imports[p]...)
		}
	}
	return seen
}
