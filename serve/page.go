package serve

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/snurun/snurun/serve/page"
)

// asset is a file of the page, ready to be sent.
type asset struct {
	kind         string // its Content-Type
	tag          string // its ETag
	plain, small []byte // as it is, and gzipped
}

// assets returns the files of the page by their path.
var assets = sync.OnceValue(func() map[string]*asset {
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	found := map[string]*asset{}
	files, err := page.Files.ReadDir(".")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, f := range files {
		plain, err := page.Files.ReadFile(f.Name())
		if err != nil {
			panic(err)
		}
		var small bytes.Buffer
		z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
		if err != nil {
			panic(err)
		}
		z.Write(plain) // to memory
		z.Close()
		at := "/" + f.Name()
		if f.Name() == "index.html" {
			at = "/"
		}
		found[at] = &asset{kinds[path.Ext(f.Name())], fmt.Sprintf(`"%x"`, sha256.Sum256(plain))[:17] + `"`, plain, small.Bytes()}
	}
	return found
})

// policy lets the page load its own files and nothing else, and keeps others from
// framing it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages serves the page at / and its files.
func (s *Server) pages() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := assets()[r.URL.Path]
		switch {
		case a == nil:
			writeJSON(w, http.StatusNotFound, map[string]string{"error": "there is nothing at " + r.URL.Path + ": / is a page to look at, /v2 begins the protocol"})
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "expected GET"})
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		h.Set("Vary", "Accept-Encoding")
		h.Set("Content-Type", a.kind)
		body, tag := a.plain, a.tag
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			// Another representation has another tag.
			body, tag = a.small, strings.TrimSuffix(a.tag, `"`)+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			h.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodGet {
			w.Write(body) // whoever has gone away needs no answer
		}
	})
}
