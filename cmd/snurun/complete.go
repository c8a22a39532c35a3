package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// suggested is the annotation of a flag with what a shell suggests for it: cobra's
// directive, then the words.
const suggested = "snurun_suggested"

// complete lets a shell complete the values of a flag.
func complete[T ~string](cmd *cobra.Command, flag string, values ...T) {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	suggestValues(cmd, flag, cobra.ShellCompDirectiveNoFileComp, words...)
}

// suggestValues says what a shell suggests for a flag of a command.
func suggestValues(cmd *cobra.Command, flag string, directive cobra.ShellCompDirective, words ...string) {
	_ = cmd.Flags().SetAnnotation(flag, suggested, append([]string{strconv.Itoa(int(directive))}, words...))
}

// asksForWords reports whether a command line is that of a shell that completes one.
func asksForWords(args []string) bool {
	return len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd)
}

// registerValues tells cobra what suggestValues said of the flags of root and of all
// commands below it. Cobra keeps each flag, and so the whole command, for good:
// hence only where a shell asks.
func registerValues(root *cobra.Command) {
	root.Flags().VisitAll(func(f *pflag.Flag) {
		if words := f.Annotations[suggested]; words != nil {
			directive, _ := strconv.Atoi(words[0])
			_ = root.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words[1:], cobra.ShellCompDirective(directive)))
		}
	})
	for _, c := range root.Commands() {
		registerValues(c)
	}
}
