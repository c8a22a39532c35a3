package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
)

// Recipe is a named, complete choice of network and configuration for a data
// set of images.
type Recipe struct {
	Name string
	Doc  string // one line

	build func(shape []int, classes []string) (Topology, Config)
}

// Build returns the recipe's network and configuration for data of a shape.
func (r Recipe) Build(shape []int, classes []string) (Topology, Config) {
	return r.build(shape, classes)
}

// Recipes returns all recipes; the first is the default.
func Recipes() []Recipe { return slices.Clone(recipes) }

// FindRecipe returns the recipe of a name.
func FindRecipe(name string) (Recipe, error) {
	var names []string
	for _, r := range recipes {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Recipe{}, fmt.Errorf("train: recipe %q is unknown, expected %s", name, strings.Join(names, ", "))
}

var recipes = []Recipe{
	{
		Name: "default",
		Doc:  "the blog's network and input, trained well in 10 epochs",
		build: func(shape []int, classes []string) (Topology, Config) {
			return DefaultTopology(jittered(shape), 1, 10, classes), Defaults()
		},
	},
}

// jittered is the blog's input: a pixel above 0 fires at 100 Hz.
func jittered(shape []int) model.Input {
	threshold := 0.0
	return model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: &threshold}}
}
