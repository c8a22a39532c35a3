//go:build !board

package main

import "github.com/spf13/cobra"

// onlyFull returns the commands that a build for boards leaves out.
func onlyFull() []*cobra.Command {
	return []*cobra.Command{newTrain(), newConvert(), newQuantize(), newExport(), newPlot(), newData(), newServe(), newRecipes(), newCompare(), newMan()}
}

// buildTag is what version says of the build.
const buildTag = ""
