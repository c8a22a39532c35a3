//go:build !board

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/snurun/snurun/internal/atomicfile"
)

func newMan() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "man",
		Short:   "Write the manual pages",
		Long:    "man writes a manual page for each command to a folder, which it makes if it is missing.",
		Example: "  snurun man --out man1 && man ./man1/snurun-classify.1",
		Args:    exactArgs(0, "no arguments"),
		Hidden:  true, // for those who package snurun
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("--out is missing")
			}
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
			return writeManPages(cmd.Root(), out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the pages to this `folder`")
	return cmd
}

// writeManPages writes the pages of c and of all commands below it.
func writeManPages(c *cobra.Command, dir string) error {
	if c.Hidden || c.Name() == "help" {
		return nil
	}
	err := atomicfile.Write(filepath.Join(dir, manName(c)+".1"), func(w io.Writer) error {
		_, err := io.WriteString(w, manPage(c))
		return err
	})
	for _, sub := range c.Commands() {
		if err == nil {
			err = writeManPages(sub, dir)
		}
	}
	return err
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage returns the manual page of c for man(7).
func manPage(c *cobra.Command) string {
	var b strings.Builder
	name := manName(c)
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"snurun %s\"\n", strings.ToUpper(roff(name)), roff(version()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(c.UseLine()))
	b.WriteString(".SH DESCRIPTION\n")
	roffText(&b, c.Long)
	if c.HasAvailableLocalFlags() {
		b.WriteString(".SH OPTIONS\n")
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { roffOption(&b, f) })
	}
	if c.HasExample() {
		b.WriteString(".SH EXAMPLES\n")
		roffText(&b, c.Example)
	}
	var also []string
	if c.HasParent() {
		also = append(also, fmt.Sprintf(".BR %s (1)", roff(manName(c.Parent()))))
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			also = append(also, fmt.Sprintf(".BR %s (1)", roff(manName(sub))))
		}
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, "\n"))
	return b.String()
}

func roffOption(b *strings.Builder, f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	b.WriteString(".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB\\-%s\\fP, ", f.Shorthand)
	}
	fmt.Fprintf(b, "\\fB\\-\\-%s\\fP", roff(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fP", roff(value))
	}
	fmt.Fprintf(b, "\n%s", roff(usage))
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" {
		fmt.Fprintf(b, " (default %s)", roff(d))
	}
	b.WriteString("\n")
}

// roffText writes paragraphs, which empty lines part; indented lines stay as
// they are.
func roffText(b *strings.Builder, text string) {
	verbatim := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if indented := strings.HasPrefix(line, " "); indented != verbatim {
			verbatim = indented
			if verbatim {
				b.WriteString(".nf\n")
			} else {
				b.WriteString(".fi\n")
			}
		}
		if line == "" {
			b.WriteString(".PP\n")
		} else {
			b.WriteString(roff(line) + "\n")
		}
	}
	if verbatim {
		b.WriteString(".fi\n")
	}
}

// roff escapes what roff takes for its own and what is not ASCII.
func roff(s string) string {
	var b strings.Builder
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		b.WriteString(`\&`)
	}
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
