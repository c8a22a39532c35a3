package serve

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestTLS asks a server with TLS by both versions of HTTP.
func TestTLS(t *testing.T) {
	t.Parallel()
	lent := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(lent.Close)
	s := newServer(t, func(o *Options) {
		o.TLS = &tls.Config{Certificates: lent.TLS.Certificates, MinVersion: tls.VersionTLS12}
	})
	address, _ := listen(t, s)
	roots := x509.NewCertPool()
	roots.AddCert(lent.Certificate())
	for _, two := range []bool{false, true} {
		c := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: new(http.Protocols)}
		c.Protocols.SetHTTP1(!two)
		c.Protocols.SetHTTP2(two)
		t.Cleanup(c.CloseIdleConnections)
		r, err := (&http.Client{Transport: c}).Get("https://" + address + "/v2")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK || (r.ProtoMajor == 2) != two {
			t.Errorf("%s %s, HTTP/2 is %v", r.Proto, r.Status, two)
		}
	}
}

// TestQuietStream sends nothing that decides for longer than a line may take to be
// taken: the stream goes on.
func TestQuietStream(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.ReadTimeout = time.Second })
	at := start(t, s)
	two := &http.Transport{Protocols: new(http.Protocols)}
	two.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(two.CloseIdleConnections)
	for _, client := range []*http.Client{http.DefaultClient, {Transport: two}} {
		send, w := io.Pipe()
		go func() {
			fmt.Fprint(w, "1 2\n")
			time.Sleep(2500 * time.Millisecond)
			fmt.Fprint(w, "3\n")
			w.Close()
		}()
		r, err := client.Post(at+"/v2/models/mnist/stream?window=2", "", send)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || strings.Count(string(text), "\n") != 3 {
			t.Errorf("%s %s, %v, expected a start, a decision and a summary", r.Proto, text, err)
		}
	}
}
