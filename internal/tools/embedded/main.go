// Command embedded is the least program that embeds a network: it reads a model
// file, proves it by its self-test, and classifies the inputs of that. A test of
// cmd/snurun holds its size.
package main

import (
	"fmt"
	"os"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embedded MODEL")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "embedded:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	m, err := export.ReadFile(file)
	if err != nil {
		return err
	}
	if err := runtime.Verify(m); err != nil {
		return err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return err
	}
	s := net.NewSession()
	defer s.Close()
	for _, x := range m.SelfTest.Inputs {
		r, err := s.Classify(x)
		if err != nil {
			return err
		}
		fmt.Println(r.Class)
	}
	return nil
}
