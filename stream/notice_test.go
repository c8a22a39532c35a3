package stream

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/model"
)

// steady returns lines of n events from time t on, one a millisecond.
func steady(t, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,%d,1,1\n", t+1000*i, i%6)
	}
	return b.String()
}

// TestBrokenTime costs a window at most, and is told at once.
func TestBrokenTime(t *testing.T) {
	for _, c := range []struct {
		name, data string
		steps      int
		restarts   int64
		glitches   int64
		late       int64
		says       string
	}{
		{"one stamp 9 s ahead", steady(0, 100) + "9000000,1,1,1\n" + steady(100_000, 100), 200, 0, 1, 0, "9 s ahead"},
		{"the last one", steady(0, 100) + "9000000,1,1,1\n", 9001, 0, 0, 0, ""},
		{"silence of 3 s", steady(0, 100) + steady(3_000_000, 100), 3100, 0, 0, 0, ""},
		{"events 2 s apart", "0,1,1,1\n2000000,1,1,1\n4000000,2,1,1\n6000000,1,1,1\n", 6001, 0, 0, 0, ""},
		{"a clock that restarts 5 s back", steady(5_000_000, 100) + steady(0, 100), 185, 1, 0, 15, "is late by 5.1 s"},
		{"a clock that restarts 50 ms back", steady(0, 1000) + strings.Repeat("949000,1,1,1\n", 255) + steady(949_000, 10), 1010, 1, 0, 255, "is late by 0.05 s"},
		{"a stale stamp", "35000000,1,1,1\n" + steady(0, 100), 101, 1, 0, 0, "time jumps back by 35 s, to t=0 µs"},
		{"late by less than a window", steady(0, 100) + "50000,1,1,1\n" + steady(100_000, 100), 200, 0, 0, 1, "is late by 0.049 s"},
		{"many of another clock between those on time", steady(0, 300) + strings.Repeat("5000,1,1,1\n299500,1,1,1\n", 40), 300, 0, 0, 40, "late"},
	} {
		var notices []Notice
		in := newInput(t, strings.NewReader(c.data), network(model.SpikeCount), InputOptions{Notify: func(n Notice) { notices = append(notices, n) }})
		got, err := frames(in)
		if err != nil {
			t.Fatal(c.name, err)
		}
		restarts := int64(0)
		for _, f := range got {
			if f.Restart {
				restarts++
			}
		}
		if len(got) != c.steps || restarts != c.restarts || in.Glitches() != c.glitches || in.Late() != c.late {
			t.Errorf("%s: %d steps, %d restarts, %d glitches, %d late, expected %d, %d, %d, %d", c.name, len(got), restarts, in.Glitches(), in.Late(), c.steps, c.restarts, c.glitches, c.late)
		}
		if c.says == "" && len(notices) > 0 || c.says != "" && (len(notices) == 0 || !strings.Contains(notices[0].Text, c.says)) {
			t.Errorf("%s: notices %+v, expected one with %q", c.name, notices, c.says)
		}
	}
}

// TestNumberedStepsRestart begins anew where numbers fall within the gap.
func TestNumberedStepsRestart(t *testing.T) {
	line := func(n int) string { return fmt.Sprintf("{\"step\":%d,\"spikes\":[1]}\n", n) }
	data := line(3000)
	for i := range 100 {
		data += line(i)
	}
	in := newInput(t, strings.NewReader(data), network(model.SpikeCount), InputOptions{Format: JSONL})
	got, err := frames(in)
	if err != nil || len(got) != 1+100-lateRun+1 || !got[1].Restart || in.Late() != lateRun-1 {
		t.Errorf("%d steps, %d late, %v", len(got), in.Late(), err)
	}
}

// TestNotices tells of a kind at once, and once a second at most.
func TestNotices(t *testing.T) {
	kinds := map[string]int{}
	notify := func(n Notice) { kinds[n.Kind]++ }
	data := "# size 9x9\n" + steady(0, 10) + strings.Repeat("5000,7,7,1\nx\n", 20)
	now := time.Unix(1, 0)
	in := newInput(t, strings.NewReader(data), network(model.SpikeCount), InputOptions{SkipBad: true, Notify: notify})
	in.now = func() time.Time { return now }
	_, err := frames(in)
	if err != nil || kinds[NoticeSkipped] != 1 || kinds[NoticeSensor] != 1 || len(kinds) != 2 {
		t.Errorf("%v, %v, expected one of a sensor and one of what was skipped", kinds, err)
	}
	clear(kinds)
	for range 3 {
		in.notify(NoticeLate, 1, "")
	}
	now = now.Add(noticeEvery - 1)
	in.notify(NoticeLate, 1, "")
	if kinds[NoticeLate] != 1 {
		t.Errorf("%d notices within a second, expected 1", kinds[NoticeLate])
	}
	now = now.Add(1)
	in.notify(NoticeLate, 1, "")
	if kinds[NoticeLate] != 2 {
		t.Errorf("%d notices, expected 2", kinds[NoticeLate])
	}
}

// TestCutRecording regains the framing of a stream that is cut within a record.
func TestCutRecording(t *testing.T) {
	data := record(t, "nmnist", randomEvents(900))
	var notices []Notice
	in := newInput(t, bytes.NewReader(append(data[:len(data)-2:len(data)-2], data...)), network(model.SpikeCount), InputOptions{
		Format: "nmnist", Notify: func(n Notice) { notices = append(notices, n) },
	})
	got, err := frames(in)
	n := 0
	for _, f := range got {
		n += f.Events
	}
	if err != nil || in.Reframed() != 1 || n < 1700 || len(notices) == 0 || notices[0].Kind != NoticeFraming {
		t.Errorf("%d events, cut %d times, %v, %v", n, in.Reframed(), notices, err)
	}
}

// TestCasesOfClocks runs recordings of users, of a 346×260 sensor.
func TestCasesOfClocks(t *testing.T) {
	for name, want := range map[string]string{"dat_restart.dat": "time jumps back by", "dat_glitch2.dat": "ahead of those around it"} {
		f, err := os.Open("../testdata/cases/27-time/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m := network(model.SpikeCount)
		m.Input.Shape = []int{2, 260, 346}
		var notices []Notice
		in := newInput(t, f, m, InputOptions{Format: "dat", Notify: func(n Notice) { notices = append(notices, n) }})
		got, err := frames(in)
		said := false
		for _, n := range notices {
			said = said || strings.Contains(n.Text, want)
		}
		if err != nil || !said || len(got) > 1000 {
			t.Errorf("%s: %d steps, %v, notices %v, expected %q", name, len(got), err, notices, want)
		}
	}
}

// TestCasesOfLines reads lines as people write them, and names what cannot be meant.
func TestCasesOfLines(t *testing.T) {
	for _, c := range []struct {
		name, format string
		shape        []int
		events       bool
		steps        int
		says         string
	}{
		{"10-jsonl/float_t.jsonl", JSONL, []int{2, 480, 640}, true, 24, ""},
		{"10-jsonl/minus1_p.jsonl", JSONL, []int{2, 480, 640}, true, 24, ""},
		{"25-spike-lines/indices.txt", Spikes, []int{784}, false, 10, ""},
		{"25-spike-lines/dense_matrix.txt", Spikes, []int{784}, false, 0, "channel 0 is named twice"},
		{"25-spike-lines/utf16.txt", Spikes, []int{784}, false, 0, "UTF-16"},
	} {
		f, err := os.Open("../testdata/cases/" + c.name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m := network(model.SpikeCount)
		m.Input.Shape = c.shape
		if !c.events {
			m.Input.Encoder = model.Encoder{Coding: model.Poisson, RateHz: 100}
		}
		got, err := frames(newInput(t, f, m, InputOptions{Format: c.format}))
		switch {
		case c.says == "" && (err != nil || len(got) != c.steps):
			t.Errorf("%s: %d steps, %v, expected %d", c.name, len(got), err, c.steps)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, expected %q", c.name, err, c.says)
		}
	}
}

// TestMatrix refuses rows of a 0/1 matrix as lines of channels.
func TestMatrix(t *testing.T) {
	for format, data := range map[string]string{
		Spikes: strings.Repeat("0 ", 59) + "1\n",
		JSONL:  `{"spikes":[0,0,1,0]}`,
	} {
		_, err := frames(newInput(t, strings.NewReader(data), network(model.SpikeCount), InputOptions{Format: format}))
		if err == nil || !strings.Contains(err.Error(), "channel 0 is named twice") {
			t.Errorf("%s: %v, expected that channel 0 is named twice", format, err)
		}
	}
	_, err := frames(newInput(t, strings.NewReader("\xff\xfe1\x00\n\x00"), network(model.SpikeCount), InputOptions{Format: Spikes}))
	if err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("%v, expected UTF-16 to be named", err)
	}
}

// TestJSONNumbers takes numbers as other programs write them, and names the key of
// one that it does not.
func TestJSONNumbers(t *testing.T) {
	lines := `{"t":0.0,"x":1,"y":0,"p":-1}` + "\n" + `{"t":1.2e3,"x":1.0,"y":0,"p":1.0}` + "\n"
	got, err := frames(newInput(t, strings.NewReader(lines), network(model.SpikeCount), InputOptions{Format: JSONL}))
	if err != nil {
		t.Fatal(err)
	}
	sameSteps(t, got, []step{{[]uint32{1}, 1000, false}, {[]uint32{31}, 2000, false}})
	for line, says := range map[string]string{
		`{"t":0.5,"x":1,"y":0,"p":1}`: `"t": found 0.5, expected a whole number`,
		`{"t":1,"x":"1","y":0,"p":1}`: `"x": found "1"`,
		`{"t":1,"x":1,"y":0,"p":-2}`:  `"p": found -2, expected a polarity`,
		`{"t":1,"x":1,"y":0,"p":2}`:   `"p": found 2, expected a polarity`,
		`{"spikes":[61]}`:             `"spikes": "61" is no channel`,
		`{"spikes":7}`:                `"spikes": found 7, expected an array`,
		`{"T":1,"t":1.5,"x":1,"y":0}`: `"t": found 1.5`,
	} {
		_, err := frames(newInput(t, strings.NewReader(line), network(model.SpikeCount), InputOptions{Format: JSONL}))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, expected %q", line, err, says)
		}
	}
}
