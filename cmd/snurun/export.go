//go:build !board

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/export/c"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Write a network as source code",
		Long:    "export writes a network in another language, for machines on which snurun itself does\nnot run.",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: "  snurun export c testdata/mnist.msgpack mnist-c",
	}
	cmd.AddCommand(newExportC())
	return cmd
}

type exportCOptions struct {
	name   string
	layout string
	force  bool
	json   bool
}

func newExportC() *cobra.Command {
	var o exportCOptions
	cmd := &cobra.Command{
		Use:   "c MODEL DIR",
		Short: "Write a network as C for microcontrollers",
		Long: `c writes the network of a model file as C99 into the folder DIR: NAME.h, NAME.c with
the weights as constants, NAME_selftest.c, a Makefile, a CMakeLists.txt and a README.
The C is event-driven as snurun is, allocates nothing, calls no library, keeps its
state in one struct, and computes the same bits on every CPU: its self-test, that of
the model file, proves it. docs/MICROCONTROLLERS.md says how to use it.

It prints what the network takes of flash and RAM, and how many updates and synaptic
operations a step of the self-test takes. Where arm-none-eabi-gcc is installed it also
compiles the network with -Os for a Cortex-M0, M4F and M33 and prints the size of the
code and the stack. Nothing is written if anything fails; what is in DIR is replaced with
--force only, and only if it is nothing but an export.`,
		Example: `  snurun export c testdata/mnist.msgpack mnist-c
  snurun export c model.msgpack digits --name digits --layout arduino`,
		Args: exactArgs(2, "MODEL and DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return exportC(cmd, args[0], args[1], o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "net", "begin all names of the C with `NAME`_")
	f.StringVar(&o.layout, "layout", string(c.Plain), "lay the files out `HOW`: plain, arduino (a library of the Arduino IDE) or zephyr (a module)")
	f.BoolVar(&o.force, "force", false, "replace an export that is in DIR already")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return cmd
}

// exportCReport is what export c says.
type exportCReport struct {
	Files      []string     `json:"files"`
	Weights    int          `json:"weight_bytes"`
	Parameters int          `json:"parameter_bytes"`
	State      int          `json:"state_bytes"`
	SelfTest   int          `json:"selftest_bytes"`
	Updates    int          `json:"updates"` // of a step
	SynOps     float64      `json:"synops"`  // of a step of the self-test, on average
	Cores      []c.Measured `json:"cores,omitempty"`
}

func exportC(cmd *cobra.Command, in, dir string, o exportCOptions) error {
	if !slices.Contains(c.Layouts(), c.Layout(o.layout)) {
		return usagef("--layout is %q, expected plain, arduino or zephyr", o.layout)
	}
	m, err := loadModel(in)
	if err != nil {
		return err
	}
	if m.SelfTest == nil {
		idle, err := runtime.AddRandomSelfTest(m)
		if err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s has no self-test: the C gets one on random input\n", in)
		printIdle(cmd.ErrOrStderr(), idle)
	}
	s, err := c.Export(m, c.Options{Name: o.name, Layout: c.Layout(o.layout), Program: createdBy()})
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	r := exportCReport{
		Weights: s.Sizes.Weights, Parameters: s.Sizes.Parameters, State: s.Sizes.State, SelfTest: s.Sizes.SelfTest, Updates: s.Sizes.Updates,
	}
	if r.SynOps, err = synOps(m); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	for _, f := range s.Files {
		r.Files = append(r.Files, f.Name)
	}
	for _, core := range c.Cores {
		if !slices.Contains([]string{"Cortex-M0", "Cortex-M4F", "Cortex-M33"}, core.Name) {
			continue
		}
		measured, err := s.Measure(cmd.Context(), core)
		if errors.Is(err, c.ErrNoCompiler) {
			break
		}
		if err != nil {
			return err
		}
		r.Cores = append(r.Cores, measured)
	}
	if err := s.WriteDir(dir, o.force); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; --force replaces an export", err)
	} else if err != nil {
		return err
	}
	w := bufio.NewWriter(cmd.OutOrStdout())
	if o.json {
		err = json.NewEncoder(w).Encode(r)
	} else {
		err = r.print(w, dir)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// synOps returns the synaptic operations of a step, on average over the self-test.
func synOps(m *model.Network) (float64, error) {
	net, err := runtime.Compile(m)
	if err != nil {
		return 0, err
	}
	s := net.NewSession()
	var steps, ops int64
	for _, x := range m.SelfTest.Inputs {
		s.Reset()
		if err := s.Run(x); err != nil {
			return 0, err
		}
		steps += s.Stats().Steps
		for _, n := range s.Stats().SynOps {
			ops += n
		}
	}
	return float64(ops) / float64(max(1, steps)), nil
}

func (r *exportCReport) print(w io.Writer, dir string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "written\t%s%c\t", dir, os.PathSeparator)
	for k, f := range r.Files {
		if k > 0 {
			fmt.Fprint(t, " ")
		}
		fmt.Fprint(t, f)
	}
	fmt.Fprintf(t, "\nflash\t%d bytes\tweights %d, parameters %d; the self-test, if it is linked in, %d more\n", r.Weights+r.Parameters, r.Weights, r.Parameters, r.SelfTest)
	fmt.Fprintf(t, "RAM\t%d bytes\tthe state of one stream\n", r.State)
	fmt.Fprintf(t, "step\t%d updates\tof neurons, and %.0f synaptic operations, on average over the self-test\n", r.Updates, r.SynOps)
	for _, m := range r.Cores {
		fmt.Fprintf(t, "%s\t%d bytes\tof code, and %d of stack\n", m.Core, m.Code, m.Stack)
	}
	if len(r.Cores) == 0 {
		fmt.Fprintf(t, "code, stack\tnot measured\t%v\n", c.ErrNoCompiler)
	}
	return t.Flush()
}
