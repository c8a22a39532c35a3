package termpic

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// defaultWidth is that of a terminal that does not tell.
const defaultWidth = 80

// Detect returns what w can show and how many cells wide it is, by what w is
// and by the environment that getenv looks up: TERM (dumb or none: Plain),
// NO_COLOR (not empty: no Grey) and COLUMNS (the width).
func Detect(w io.Writer, getenv func(string) string) (style Style, width int) {
	f, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	width = defaultWidth
	if terminal {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			width = columns
		}
	}
	if columns, err := strconv.Atoi(getenv("COLUMNS")); err == nil && columns > 0 {
		width = columns
	}
	return choose(terminal, getenv), width
}

func choose(terminal bool, getenv func(string) string) Style {
	switch t := getenv("TERM"); {
	case !terminal, t == "", t == "dumb":
		return Plain
	case getenv("NO_COLOR") != "":
		return Blocks
	}
	return Grey
}
