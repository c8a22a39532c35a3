// Command snurun classifies spike trains with trained spiking networks, trains
// them, and shows what is in a model file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	catchSIGPIPE()               // so that the program can finish what it has begun
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	addCompletion(root)
	if asksForWords(args) {
		registerValues(root)
	}
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	var interrupted interruptedError
	switch {
	case err == nil, closedPipe(err):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "snurun: %s\nTry '%s --help'.\n", message(err), cmd.CommandPath())
		return exitUsage
	case errors.As(err, &interrupted):
		fmt.Fprintf(stderr, "snurun: interrupted %s\n", message(err))
		return exitFailure
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "snurun: interrupted")
		return exitFailure
	}
	fmt.Fprintf(stderr, "snurun: %s\n", message(err))
	return exitFailure
}

// interruptedError says where an interruption left the work.
type interruptedError struct{ error }

// usageError is an error in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot() *cobra.Command {
	var quiet bool
	root := &cobra.Command{
		Use:   "snurun",
		Short: "Run and train spiking networks",
		Long: `snurun runs spiking networks of Spiking Neural Units (SNU) on small machines,
trains them by back-propagation through time, and shows what is in a model file.

Environment:
  SNURUN_SIMD  generic, avx2, avx512 or neon: run these kernels instead of the
               best ones that this CPU has
  NO_COLOR     if it is not empty, print no colours
  COLUMNS      width of pictures in characters, instead of the terminal's
  TERM         if it is dumb, draw pictures with plain characters`,
		Example: `  snurun classify testdata/mnist.msgpack
  snurun train --dataset mnist --data ~/mnist --out mnist.msgpack
  snurun inspect mnist.msgpack`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := asm.Err(); err != nil {
				return err
			}
			if quiet {
				cmd.SetErr(io.Discard) // run prints the error, if there is one
			}
			return nil
		},
	}
	root.PersistentFlags().BoolVarP(&quiet, "quiet", "q", false, "print results and errors only, no progress and no remarks")
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(
		newClassify(), newStream(), newSimulate(), newInspect(), newVerify(), newBench(), newVersion(),
	)
	root.AddCommand(onlyFull()...)
	root.AddCommand(withFleet()...)
	root.Version = version()
	root.SetHelpCommand(newHelp(root))
	return root
}

// newHelp is cobra's command help, but for names of no command, which it refuses.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Short:   "Help about any command",
		Long:    "help shows what a command does and its flags, as COMMAND --help does.",
		Example: "  snurun help classify\n  snurun help plot raster",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			of, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			for _, c := range of.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			of, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				if of == nil {
					of, rest = root, args
				}
				return unknownCommand(of, rest[0])
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// addCompletion adds cobra's command for shell completions, which writes to
// what is the output of root now.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = subcommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range c.Commands() {
				shell.Args = exactArgs(0, "no arguments")
			}
			c.Example = `  source <(snurun completion bash)
  snurun completion zsh > "${fpath[1]}/_snurun"
  snurun completion fish > ~/.config/fish/completions/snurun.fish
  snurun completion powershell | Out-String | Invoke-Expression`
		}
	}
}

// subcommand refuses arguments: what is left over is no command.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
}

func unknownCommand(cmd *cobra.Command, name string) error {
	return usagef("unknown command %q%s", name, nearest(cmd, name, "%q"))
}

// modelAndInputs requires a model, and no inputs beside a folder of data.
func modelAndInputs(data *string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("expected MODEL [INPUT...], found no arguments")
		}
		if *data != "" && len(args) > 1 {
			return usagef("--data and INPUT exclude each other")
		}
		if i := slices.Index(args, "-"); i > 0 && slices.Contains(args[i+1:], "-") {
			return usagef("standard input, -, is named twice")
		}
		return nil
	}
}

// exactArgs requires n arguments, which usage names.
func exactArgs(n int, usage string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("expected %s, found %d arguments", usage, len(args))
		}
		return nil
	}
}
