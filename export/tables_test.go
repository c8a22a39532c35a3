package export

import (
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
)

// TestTables: what package model says that a layer or an encoder may have is read
// and written, and nothing else.
func TestTables(t *testing.T) {
	t.Parallel()
	var keys []model.Field
	for _, f := range layerFields {
		keys = append(keys, f.key)
	}
	if want := model.LayerFields(); !slices.Equal(keys, want) {
		t.Errorf("layers have the keys %v, expected %v", keys, want)
	}
	for _, kind := range model.Kinds() {
		spec := kind.Spec()
		for _, f := range slices.Concat(spec.Fields, spec.Required, spec.Implied) {
			if !slices.Contains(keys, f) || !spec.Has(f) {
				t.Errorf("kind %s: %s is no field of it", kind, f)
			}
		}
	}
	known := map[string]bool{}
	for _, coding := range model.Codings() {
		spec := coding.Spec()
		for _, key := range slices.Concat(spec.Required, spec.Optional) {
			known[key] = true
		}
	}
	for _, f := range encoderFields {
		if !known[f.key] {
			t.Errorf("no coding has %s", f.key)
		}
		delete(known, f.key)
	}
	if len(known) > 0 {
		t.Errorf("encoders of a file cannot have %v", known)
	}
}
