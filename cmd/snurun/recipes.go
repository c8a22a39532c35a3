//go:build !board

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/train"
)

func newRecipes() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "recipes [NAME]",
		Short: "Show what a recipe of train chooses",
		Long: `recipes lists the recipes of train, or prints every choice of one as the command
that makes the same choices by flags: what it trains stays the same if a later
version's recipe becomes another. What depends on the data, such as how many inputs
are active in recordings, is that of digits of 28×28 pixels, or of 34×34 and two
polarities for the recipe nmnist.`,
		Example: "  snurun recipes\n  snurun recipes best\n  snurun recipes best --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("expected [NAME], found %d arguments", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, r := range train.Recipes() {
				if len(args) == 0 {
					names = append(names, r.Name+"\t"+r.Doc)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			recipes := train.Recipes()
			if len(args) == 1 {
				r, err := train.FindRecipe(args[0])
				if err != nil {
					return usageError{err}
				}
				recipes = []train.Recipe{r}
			}
			for _, r := range recipes {
				var err error
				switch {
				case asJSON:
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "recipe": r.Name, "doc": r.Doc, "choices": choicesOf(r)})
				case len(args) == 0:
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%-10s %s\n", r.Name, r.Doc)
				default:
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "snurun train --recipe %s%s\n", r.Name, recipeFlags(r))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a recipe")
	return cmd
}

// recipeShapes are the inputs for which the choices of recipes are shown, that of
// digits where a recipe is for none in particular.
var recipeShapes = map[string][]int{"nmnist": {2, 34, 34}, "mnist-conv": {1, 28, 28}, "jsb": {88}}

// choicesOf returns the choices of a recipe, flag by flag.
func choicesOf(r train.Recipe) map[string]string {
	shape := recipeShapes[r.Name]
	if shape == nil {
		shape = []int{28, 28}
	}
	p := r.Setup(shape, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
	all := map[string]string{}
	for _, c := range choices {
		if value := c.of(&p); value != "" {
			all[c.flag] = value
		}
	}
	return all
}

// recipeFlags returns the choices of a recipe as flags, a line a group.
func recipeFlags(r train.Recipe) string {
	all := choicesOf(r)
	var b strings.Builder
	for _, g := range groups {
		var flags []string
		for _, c := range choices {
			if value, ok := all[c.flag]; ok && c.group == g {
				flag := "--" + c.flag
				if slices.Contains([]string{"true", "false"}, value) {
					flag += "=" + value
				} else {
					flag += " " + shellQuoted(value)
				}
				flags = append(flags, flag)
			}
		}
		if len(flags) > 0 {
			fmt.Fprintf(&b, " \\\n    %s", strings.Join(flags, " "))
		}
	}
	return b.String()
}
