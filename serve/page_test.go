package serve

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// server is one of the shipped models.
func pageServer(t *testing.T) *httptest.Server {
	t.Helper()
	s, err := New(Options{Models: []string{"../testdata/mnist.msgpack", "../testdata/nmnist.msgpack"}, Samples: "../testdata"})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return h
}

// TestPage holds the page against what it promises: its files are there, small, the
// same gzipped or not, ask for nothing from other hosts, and have no script or style
// inline, which the policy forbids.
func TestPage(t *testing.T) {
	t.Parallel()
	h := pageServer(t)
	get := func(path, encoding, tag string) (*http.Response, []byte) {
		r, err := http.NewRequest("GET", h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding) // the transport then unpacks nothing
		r.Header.Set("If-None-Match", tag)
		a, err := h.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		body, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a, body
	}
	_, index := get("/", "identity", "")
	paths := []string{"/"}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"#:]+)"`).FindAllSubmatch(index, -1) {
		paths = append(paths, "/"+string(m[1]))
	}
	if len(paths) != 3 {
		t.Fatalf("the page is %v, expected itself, a style and a script", paths)
	}
	sent := 0
	for _, path := range paths {
		a, plain := get(path, "identity", "")
		z, packed := get(path, "gzip", "")
		sent += len(packed)
		r, err := gzip.NewReader(strings.NewReader(string(packed)))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if unpacked, err := io.ReadAll(r); err != nil || string(unpacked) != string(plain) {
			t.Errorf("%s: gzipped it is another file, %v", path, err)
		}
		if a.StatusCode != 200 || z.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Content-Encoding") != "" || a.Header.Get("Etag") == z.Header.Get("Etag") {
			t.Errorf("%s: %d, %v, %v", path, a.StatusCode, a.Header, z.Header)
		}
		if !strings.HasPrefix(a.Header.Get("Content-Security-Policy"), "default-src 'none'; ") || strings.Contains(a.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: policy %q", path, a.Header.Get("Content-Security-Policy"))
		}
		if again, body := get(path, "gzip", z.Header.Get("Etag")); again.StatusCode != 304 || len(body) != 0 {
			t.Errorf("%s: %d and %d bytes for one that is known", path, again.StatusCode, len(body))
		}
		for _, m := range regexp.MustCompile(`https?://[^\s"'<>)]+`).FindAllString(string(plain), -1) {
			if m != "http://www.w3.org/2000/svg" { // a name, not an address
				t.Errorf("%s: %s", path, m)
			}
		}
	}
	if sent > 150_000 {
		t.Errorf("%d bytes are sent, expected at most 150,000", sent)
	}
	for _, inline := range []string{`<script>`, ` style="`, `<style`, ` onclick=`} {
		if strings.Contains(string(index), inline) {
			t.Errorf("the page has %s inline", inline)
		}
	}
	if a, body := get("/nothing", "gzip", ""); a.StatusCode != 404 || !strings.Contains(string(body), "/nothing") {
		t.Errorf("%d %s", a.StatusCode, body)
	}
	if a, err := h.Client().Post(h.URL+"/page.js", "text/plain", nil); err != nil || a.StatusCode != 405 {
		t.Errorf("%v %v", a, err)
	}
}
