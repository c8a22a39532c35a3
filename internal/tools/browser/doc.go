// Package browser tests the page of snurun serve, and the playground, in Chromium. It
// is a module of its own, so that who builds snurun needs nothing of it:
//
//	cd internal/tools/browser && go test .
//	SNURUN_SCREENSHOTS=/tmp/pictures go test .     and a picture of what each test ends with
//	go test -run - -bench .                        how fast it paints and draws
//
// Without a Chromium on the PATH everything is skipped.
package browser
