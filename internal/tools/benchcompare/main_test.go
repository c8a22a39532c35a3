package main

import (
	"strings"
	"testing"
)

// TestJudge judges tables as benchstat prints them.
func TestJudge(t *testing.T) {
	t.Parallel()
	const tables = `goos: linux
,base.txt,,tree.txt,,,
,sec/op,CI,sec/op,CI,vs base,P
Same-2,1.0e-07,2%,1.0e-07,2%,~,p=1.000 n=6
Slower-2,1.0e-07,2%,1.3e-07,2%,+30.00%,p=0.002 n=6
Little-2,1.00e-07,0%,1.01e-07,0%,+1.00%,p=0.002 n=6
Faster-2,1.0e-07,2%,0.5e-07,2%,-50.00%,p=0.002 n=6
New-2,,,0.5e-07,2%,,
geomean,1.0e-07,,1.2e-07,,+13.57%,

,base.txt,,tree.txt,,,
,B/s,CI,B/s,CI,vs base,P
Slower-2,13,0%,10,0%,-23.08%,p=0.002 n=6
Faster-2,10,0%,20,0%,+100.00%,p=0.002 n=6
`
	worse, judged, err := judge(strings.NewReader(tables), 2)
	if err != nil || judged != 6 || len(worse) != 2 || !strings.Contains(worse[0], "Slower-2: +30.00% sec/op") || !strings.Contains(worse[1], "Slower-2: -23.08% B/s") {
		t.Errorf("%d judged, worse: %q, %v", judged, worse, err)
	}
	if worse, _, err := judge(strings.NewReader(tables), 50); err != nil || worse != nil {
		t.Errorf("with a limit of 50 %%: %q, %v", worse, err)
	}
	if _, _, err := judge(strings.NewReader(",a,,b,,,\n,sec/op,CI,sec/op,CI,vs base,P\nX,1,2%,1,2%,much,p=0\n"), 2); err == nil {
		t.Error("a difference that is no number is taken")
	}
}
