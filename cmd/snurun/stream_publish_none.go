//go:build board && !fleet

package main

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/snurun/snurun/stream"
)

// publishFlags is the flag that this build for boards has not.
type publishFlags struct{ url string }

func (p *publishFlags) add(f *pflag.FlagSet) {
	f.StringVar(&p.url, "publish", "", "send decisions to this `address` (not in this build for boards)")
}

func (p *publishFlags) check() error {
	if p.url != "" {
		return usagef("--publish is not in this build for boards: build it with the tags board,fleet")
	}
	return nil
}

func (p *publishFlags) undoTrial(string, io.Writer) (string, error) { return "", nil }

func (p *publishFlags) start(string, string, publishSource, io.Writer) (*publishing, error) {
	return nil, nil
}

type publishSource struct {
	monitor *stream.Monitor
	kernel  string
	sha256  func() string
	reload  func() error
}

type publishing struct{}

func (x *publishing) on() bool               { return false }
func (x *publishing) decision([]byte)        {}
func (x *publishing) end([]byte, bool) error { return nil }

// publishLine is for hubs.
func publishLine(any) []byte { return nil }
