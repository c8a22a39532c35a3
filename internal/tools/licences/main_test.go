package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestNotice checks that NOTICE lists what the binary is linked from now.
func TestNotice(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	var want bytes.Buffer
	if err := notice(&want); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("../../../NOTICE"); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("NOTICE is not what the binary is linked from, %v: run make licences", err)
	}
}

func TestKindOf(t *testing.T) {
	for content, want := range map[string]string{
		"Permission is hereby\n  granted, free of charge, to any person":                                        "MIT",
		"Permission to use, copy, modify, and distribute this software for any\npurpose with or without fee is": "ISC",
		"Redistributions in binary form must reproduce. Neither the name of":                                    "BSD-3-Clause",
		"Redistributions in binary form must reproduce the above":                                               "BSD-2-Clause",
		"All rights reserved.": "",
	} {
		if got := kindOf(content); got != want {
			t.Errorf("%q is %q, expected %q", content, got, want)
		}
	}
}
