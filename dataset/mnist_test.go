package dataset

import "testing"

func sample(t testing.TB) ImageSet {
	t.Helper()
	set, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	return set
}
