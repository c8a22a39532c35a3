//go:build !board

package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// testFile is a small file to fetch, and what a good mirror sends for it.
func testFile() (f publicFile, body []byte) {
	data := make([]byte, 100000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return publicFile{"digits-idx3-ubyte", int64(len(data)), fmt.Sprintf("%x", sha256.Sum256(data))}, packed(data)
}

// mirror serves and records requests.
type mirror struct {
	*httptest.Server
	ranges []string // of each request
}

func newMirror(t *testing.T, h http.HandlerFunc) *mirror {
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ranges = append(m.ranges, r.Header.Get("Range"))
		h(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

// serve sends a file and understands Range.
func serve(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

// serveWhole sends a file and does not understand Range.
func serveWhole(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.Write(body) }
}

// serveShort announces all of body and breaks off after n bytes.
func serveShort(body []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:n])
	}
}

func TestFetch(t *testing.T) {
	f, body := testFile()
	wrong := bytes.Clone(body)
	wrong[len(wrong)/2] ^= 1
	half := body[:len(body)/2]
	rest := fmt.Sprintf("bytes=%d-", len(half))
	for _, c := range []struct {
		name    string
		part    []byte // there before
		mirrors []http.HandlerFunc
		ranges  [][]string // asked of each mirror
		want    error      // nil: the file is there afterwards
		left    []byte     // of the part file
	}{
		{"good", nil, []http.HandlerFunc{serve(body)}, [][]string{{""}}, nil, nil},
		{"resumed", half, []http.HandlerFunc{serve(body)}, [][]string{{rest}}, nil, nil},
		{"no ranges", half, []http.HandlerFunc{serveWhole(body)}, [][]string{{rest}}, nil, nil},
		{"complete part", body, []http.HandlerFunc{serve(body)}, [][]string{{fmt.Sprintf("bytes=%d-", len(body))}}, nil, nil},
		{"wrong part", wrong[:len(wrong)-9], []http.HandlerFunc{serve(body)}, [][]string{{fmt.Sprintf("bytes=%d-", len(wrong)-9), ""}}, nil, nil},
		{"long part", append(bytes.Clone(body), 1, 2), []http.HandlerFunc{serve(body)}, [][]string{{fmt.Sprintf("bytes=%d-", len(body)+2), ""}}, nil, nil},
		{"wrong data", nil, []http.HandlerFunc{serve(wrong)}, [][]string{{""}}, ErrChecksum, nil},
		{"wrong data, second mirror", nil, []http.HandlerFunc{serve(wrong), serve(body)}, [][]string{{""}, {""}}, nil, nil},
		{"not gzipped", nil, []http.HandlerFunc{serve([]byte("an error page"))}, [][]string{{""}}, ErrChecksum, nil},
		{"missing, second mirror", nil, []http.HandlerFunc{http.NotFound, serve(body)}, [][]string{{""}, {""}}, nil, nil},
		{"missing, part", half, []http.HandlerFunc{http.NotFound}, [][]string{{rest}}, errAny, half},
		{"missing", nil, []http.HandlerFunc{http.NotFound}, [][]string{{""}}, errAny, nil},
		{"short", nil, []http.HandlerFunc{serveShort(body, len(half))}, [][]string{{""}}, errAny, half},
		{"short, second mirror", nil, []http.HandlerFunc{serveShort(body, len(half)), serve(body)}, [][]string{{""}, {rest}}, nil, nil},
		{"other range", half, []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}}, [][]string{{rest}}, errAny, half},
		{"endless", nil, []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(body); err != nil {
					return
				}
			}
		}}, [][]string{{""}}, ErrChecksum, nil},
		{"no mirrors", nil, []http.HandlerFunc{}, nil, errAny, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "mnist")
			path := filepath.Join(dir, f.name+".gz")
			if c.part != nil {
				write(t, dir, f.name+".gz.part", c.part)
			}
			var mirrors []*mirror
			opts := FetchOptions{Mirrors: []string{}}
			for i, h := range c.mirrors {
				mirrors = append(mirrors, newMirror(t, h))
				opts.Mirrors = append(opts.Mirrors, mirrors[i].URL+[]string{"", "/"}[i%2])
			}
			err := fetch(context.Background(), dir, []publicFile{f}, nil, opts)
			switch {
			case c.want == nil && err != nil, c.want != nil && err == nil, c.want != nil && c.want != errAny && !errors.Is(err, c.want):
				t.Errorf("error %v, expected %v", err, c.want)
			}
			for i, m := range mirrors {
				if err != nil && !strings.Contains(err.Error(), m.URL) {
					t.Errorf("error %v does not name %s", err, m.URL)
				}
				if !slices.Equal(m.ranges, c.ranges[i]) {
					t.Errorf("mirror %d was asked for %q, expected %q", i, m.ranges, c.ranges[i])
				}
			}
			if got, err := os.ReadFile(path); c.want == nil && !bytes.Equal(got, body) || c.want != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file has %d bytes, %v", len(got), err)
			}
			if got, err := os.ReadFile(path + ".part"); !bytes.Equal(got, c.left) || c.left == nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the part file has %d bytes, expected %d; %v", len(got), len(c.left), err)
			}
		})
	}
}

func TestFetchSkipsWhatIsThere(t *testing.T) {
	f, body := testFile()
	m := newMirror(t, serve(body))
	opts := FetchOptions{Mirrors: []string{m.URL}}
	for _, name := range []string{f.name + ".gz", f.name, "digits.idx3-ubyte"} {
		dir := t.TempDir()
		write(t, dir, name, body)
		if err := fetch(context.Background(), dir, []publicFile{f}, nil, opts); err != nil || m.ranges != nil {
			t.Errorf("%s: %d requests, %v", name, len(m.ranges), err)
		}
	}
	// Another data set's file of the same name is not overwritten.
	dir := t.TempDir()
	path := write(t, dir, f.name+".gz", packed([]byte("fashion")))
	err := fetch(context.Background(), dir, []publicFile{f}, nil, opts)
	if !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), path) || m.ranges != nil {
		t.Errorf("another file: %v", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, packed([]byte("fashion"))) {
		t.Error("another file was overwritten")
	}
}

func TestFetchProgress(t *testing.T) {
	f, body := testFile()
	for name, c := range map[string]struct {
		h     http.HandlerFunc
		total int64
	}{
		"known":   {serve(body), int64(len(body))},
		"unknown": {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); w.Write(body) }, -1},
	} {
		var last int64
		err := fetch(context.Background(), t.TempDir(), []publicFile{f}, nil, FetchOptions{
			Mirrors: []string{newMirror(t, c.h).URL},
			Client:  &http.Client{},
			Progress: func(file string, done, total int64) {
				if file != f.name+".gz" || done < last || total != c.total {
					t.Errorf("%s: progress %s %d after %d of %d", name, file, done, last, total)
				}
				last = done
			},
		})
		if err != nil || last != int64(len(body)) {
			t.Errorf("%s: %d of %d bytes, %v", name, last, len(body), err)
		}
	}
}

// A cancelled download keeps what has arrived, and the next one resumes it.
func TestFetchCancelled(t *testing.T) {
	f, body := testFile()
	half := len(body) / 2
	hang := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:half])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	err := fetch(ctx, dir, []publicFile{f}, nil, FetchOptions{
		Mirrors: []string{hang.URL, hang.URL},
		Progress: func(_ string, done, _ int64) {
			if done == int64(half) {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || len(hang.ranges) != 1 {
		t.Errorf("%v after %d requests", err, len(hang.ranges))
	}
	good := newMirror(t, serve(body))
	if err := fetch(context.Background(), dir, []publicFile{f}, nil, FetchOptions{Mirrors: []string{good.URL}}); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("bytes=%d-", half); good.ranges[0] != want {
		t.Errorf("resumed with %q, expected %q", good.ranges[0], want)
	}
}

// A mirror that stops sending is left for the next one; a slow one is not.
func TestFetchSlow(t *testing.T) {
	f, body := testFile()
	stalled := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(body[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	silent := newMirror(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	slow := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := range slices.Chunk(body, len(body)/8) {
			w.Write(chunk)
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	opts := FetchOptions{Mirrors: []string{stalled.URL, silent.URL}, Stall: 500 * time.Millisecond}
	if err := fetch(context.Background(), t.TempDir(), []publicFile{f}, nil, opts); !errors.Is(err, errStalled) {
		t.Errorf("stalled mirrors: %v", err)
	}
	opts.Mirrors = []string{slow.URL}
	if err := fetch(context.Background(), t.TempDir(), []publicFile{f}, nil, opts); err != nil {
		t.Errorf("a slow mirror: %v", err)
	}
}

func TestFetchRefuses(t *testing.T) {
	f, _ := testFile()
	opts := FetchOptions{Mirrors: []string{"http://host.invalid:port"}}
	if err := fetch(context.Background(), t.TempDir(), []publicFile{f}, nil, opts); err == nil {
		t.Error("an impossible URL was fetched")
	}
	file := write(t, t.TempDir(), "file", nil)
	if err := FetchMNIST(context.Background(), file, FetchOptions{}); err == nil {
		t.Error("fetched into a file")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, f.name+".gz.part"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fetch(context.Background(), dir, []publicFile{f}, nil, opts); err == nil {
		t.Error("fetched into a folder")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := FetchMNIST(ctx, t.TempDir(), FetchOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began: %v", err)
	}
}

func TestFetchMNISTKnowsMNIST(t *testing.T) {
	dir := "../../shared/data/mnist"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("MNIST is not here")
	}
	if err := FetchMNIST(context.Background(), dir, FetchOptions{Mirrors: []string{}}); err != nil {
		t.Error(err)
	}
}
