package asm

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// Tests and benchmarks take the tiers as they are.
func init() { trained.Do(addTraining) }

// SNURUN_REQUIRE_TIER makes the tests fail if another tier was selected, so
// that a machine meant to test one cannot quietly test another.
func TestRequiredTier(t *testing.T) {
	if want := os.Getenv("SNURUN_REQUIRE_TIER"); want != "" && Tier() != want {
		t.Fatalf("the tier in use is %s of %v, SNURUN_REQUIRE_TIER asks for %s", Tier(), Tiers(), want)
	}
	t.Logf("tier in use: %s of %v", Tier(), Tiers())
}

func TestChoose(t *testing.T) {
	before := kernels.Load()
	defer kernels.Store(before)
	for _, name := range Tiers() {
		if err := choose(name); err != nil || Tier() != name {
			t.Errorf("choose(%q): %v, tier %s", name, err, Tier())
		}
	}
	if err := choose(""); err != nil || Tier() != Tiers()[0] {
		t.Errorf("choose(\"\"): %v, tier %s of %v", err, Tier(), Tiers())
	}
	for _, name := range []string{"mmx", "AVX2", " "} {
		err := choose(name)
		if !errors.Is(err, ErrTier) || !strings.Contains(err.Error(), forced+"="+name) {
			t.Errorf("choose(%q): %v", name, err)
		}
		if Tier() != "generic" {
			t.Errorf("choose(%q) left tier %s", name, Tier())
		}
	}
}

func TestUse(t *testing.T) {
	if !slices.Contains(Tiers(), "generic") {
		t.Fatalf("no generic tier in %v", Tiers())
	}
	before := Tier()
	restore, err := Use("generic")
	if err != nil || Tier() != "generic" {
		t.Fatalf("Use(generic): %v, tier %s", err, Tier())
	}
	restore()
	if Tier() != before {
		t.Fatalf("tier %s after restore, %s before", Tier(), before)
	}
	if _, err := Use("mmx"); !errors.Is(err, ErrTier) {
		t.Fatalf("Use(mmx): %v", err)
	}
}

// eachTier runs f for every tier but generic, and for the best one with calls cut
// into small pieces.
func eachTier(t *testing.T, f func(t *testing.T, k *tier)) {
	if len(tiers) == 1 {
		t.Skip("this build or CPU has no tier but generic")
	}
	for _, k := range append(slices.Clone(tiers[:len(tiers)-1]), inPieces()...) {
		t.Run("tier="+k.name, func(t *testing.T) { f(t, &k) })
	}
}
