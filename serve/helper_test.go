package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

const (
	mnist  = "../testdata/mnist.msgpack"
	nmnist = "../testdata/nmnist.msgpack"
)

// newServer returns a server of the shipped models.
func newServer(t testing.TB, change ...func(*Options)) *Server {
	t.Helper()
	o := Options{Models: []string{mnist, nmnist}, Version: "v0"}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start runs a server's handler and returns its address.
func start(t testing.TB, s *Server) string {
	t.Helper()
	h := httptest.NewUnstartedServer(s)
	h.Config.Protocols = new(http.Protocols)
	h.Config.Protocols.SetHTTP1(true)
	h.Config.Protocols.SetUnencryptedHTTP2(true)
	h.Start()
	t.Cleanup(h.Close)
	return h.URL
}

// post sends a body and returns what comes back.
func post(t testing.TB, url, body string) (int, string) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func get(t testing.TB, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func digits(t testing.TB) dataset.ImageSet {
	t.Helper()
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func readModelFile(t testing.TB, path string) *model.Network {
	t.Helper()
	m, err := export.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// numbers is an array of JSON.
func numbers[T any](t testing.TB, values []T) string {
	t.Helper()
	wide := make([]any, len(values)) // bytes would become base64
	for i, v := range values {
		wide[i] = v
	}
	text, err := json.Marshal(wide)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// eventsOf returns the events of a recording, and each as an array of JSON.
func eventsOf(t testing.TB, path string) (events []event.Event, lines []string) {
	t.Helper()
	f, err := event.Open(path, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]event.Event, 1024)
	for {
		n, err := f.Read(buf)
		if err == io.EOF {
			return events, lines
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range buf[:n] {
			events = append(events, e)
			lines = append(lines, fmt.Sprintf("[%d,%d,%d,%d]", e.T, e.X, e.Y, e.P))
		}
	}
}
