package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest returns "; did you mean ...?" with the command under c that is most
// like name, or nothing.
func nearest(c *cobra.Command, name, quoted string) string {
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fmt.Sprintf("; did you mean "+quoted+"?", near[0])
	}
	return ""
}

// flagTypes says what flags of pflag's types take; its own errors are those of
// package strconv.
var flagTypes = map[string]string{
	"bool": "true or false", "int": "a whole number", "uint64": "a whole number of 0 or more", "float64": "a number",
	"intSlice": "whole numbers with commas between", "duration": "a time such as 100ms",
}

// wrongFlag is the error of a flag that cannot be parsed.
func wrongFlag(cmd *cobra.Command, err error) error {
	if words := cmd.Flags().Args(); len(words) > 0 && cmd.HasSubCommands() {
		return unknownCommand(cmd, words[0]) // whose flag it is
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		f := invalid.GetFlag()
		switch expected := flagTypes[f.Value.Type()]; {
		case errors.Is(err, strconv.ErrRange):
			return usagef("--%s is %q, which is out of range", f.Name, invalid.GetValue())
		case expected != "":
			return usagef("--%s is %q, expected %s", f.Name, invalid.GetValue(), expected)
		}
		return usagef("--%s is %q, %w", f.Name, invalid.GetValue(), errors.Unwrap(invalid))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return usageError{err}
	}
	flags := &cobra.Command{} // whose commands have the names of the flags
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return usagef("%w%s", err, nearest(flags, unknown.GetSpecifiedName(), "--%s"))
}
