package hub

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// linesPerSecond is how many lines are logged in a second at most, so that a client
// that is refused a thousand times a second does not fill the disk.
const linesPerSecond = 50

// lines is the server's logger: whole lines, bounded in number, without line breaks
// that came from the network.
type lines struct {
	print func(string)

	lock    sync.Mutex
	second  time.Time
	count   int
	omitted int
}

func (l *lines) line(level, format string, v ...any) {
	text := level + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, v...))
	const longest = 500
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if now := time.Now(); now.Sub(l.second) >= time.Second {
		if l.omitted > 0 {
			l.print(fmt.Sprintf("%d lines left out", l.omitted))
		}
		l.second, l.count, l.omitted = now, 0, 0
	}
	if l.count++; l.count > linesPerSecond {
		l.omitted++
		return
	}
	l.print(text)
}

// Noticef leaves out what a server says of itself at every start.
func (l *lines) Noticef(format string, v ...any) {
	if strings.HasPrefix(format, "  ") || strings.HasPrefix(format, "-") || format == "" {
		return
	}
	l.line("", format, v...)
}

func (l *lines) Warnf(format string, v ...any)  { l.line("warning: ", format, v...) }
func (l *lines) Fatalf(format string, v ...any) { l.line("fatal: ", format, v...) }
func (l *lines) Errorf(format string, v ...any) { l.line("error: ", format, v...) }
func (l *lines) Debugf(string, ...any)          {}
func (l *lines) Tracef(string, ...any)          {}
