package main

import (
	"errors"
	"fmt"

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

// wrongFlag is the error of a flag that cannot be parsed.
func wrongFlag(cmd *cobra.Command, err error) error {
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
