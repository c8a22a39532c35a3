// Package outside is for tests that run programs of others: compilers, emulators,
// servers, Python, a browser.
package outside

import (
	"os"
	"testing"
)

// Missing skips a test for want of a program. Where SNURUN_REQUIRE_TOOLS is set, as in
// continuous integration, which installs them all, it fails instead.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("SNURUN_REQUIRE_TOOLS") != "" {
		t.Fatalf("%s is not there", what)
	}
	t.Skipf("%s is not there", what)
}
