//go:build unix && !board

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/snurun/snurun/internal/authority"
)

// TestServeService runs serve as systemd does, on all addresses, with certificates on
// both sides: it answers those that have one, reads a new one at SIGHUP, keeps the old
// one if that is none, and ends with SIGTERM.
func TestServeService(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	ca, other := authority.New(t, dir, "ca"), authority.New(t, dir, "other")
	ca.Issue(t, "server")
	ca.Issue(t, "client")
	other.Issue(t, "stranger")

	cmd := child(t, "serve", shipped, "--listen", "0.0.0.0:0", "--tls-cert", at("server.pem"), "--tls-key", at("server.key"), "--client-ca", at("ca.pem"))
	expect := underSystemd(t, cmd)
	stdout, errOut := cmd.StdoutPipe()
	stderr, errErr := cmd.StderrPipe()
	if errOut != nil || errErr != nil {
		t.Fatal(errOut, errErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1000)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	logged := func(part string) {
		t.Helper()
		for line := range said {
			if strings.Contains(line, part) {
				return
			}
		}
		t.Fatalf("the log lacks %q", part)
	}
	out := bufio.NewReader(stdout)
	url, err := out.ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "https://") {
		t.Fatalf("%q, error %v", url, err)
	}
	_, port, err := net.SplitHostPort(strings.TrimSpace(strings.TrimPrefix(url, "https://")))
	if err != nil {
		t.Fatal(err)
	}
	expect("READY=1")
	expect("WATCHDOG=1")

	roots := x509.NewCertPool()
	roots.AddCert(ca.Cert)
	// get asks with a certificate, or none, and returns that of the server.
	get := func(name string) (*x509.Certificate, error) {
		c := &tls.Config{RootCAs: roots}
		if name != "" {
			pair, err := tls.LoadX509KeyPair(at(name+".pem"), at(name+".key"))
			if err != nil {
				t.Fatal(err)
			}
			c.Certificates = []tls.Certificate{pair}
		}
		transport := &http.Transport{TLSClientConfig: c}
		defer transport.CloseIdleConnections()
		r, err := (&http.Client{Transport: transport}).Get("https://127.0.0.1:" + port + "/v2/models/mnist")
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, r.Status)
		}
		return r.TLS.PeerCertificates[0], nil
	}
	first, err := get("client")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "stranger"} {
		if _, err := get(name); err == nil {
			t.Errorf("a client with the certificate %q was answered", name)
		}
	}

	writeFile(t, at("server.pem"), []byte("none"))
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	logged("certificates stay as they were")
	if c, err := get("client"); err != nil || !c.Equal(first) {
		t.Errorf("error %v, or another certificate", err)
	}
	ca.Issue(t, "server")
	second, err := tls.LoadX509KeyPair(at("server.pem"), at("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	logged("certificates read")
	if c, err := get("client"); err != nil || !c.Equal(second.Leaf) {
		t.Errorf("error %v, or not the new certificate", err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect("STOPPING=1")
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestServeRefuses gives serve what it must not listen with.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	ca := authority.New(t, dir, "ca")
	ca.Issue(t, "server")
	ca.Issue(t, "other")
	writeFile(t, at("short"), []byte("secret\n"))
	writeFile(t, at("spaced"), []byte("a token of several words\n"))
	writeFile(t, at("empty.pem"), nil)
	if err := os.WriteFile(at("large"), make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	certs := "--tls-cert DIR/server.pem --tls-key DIR/server.key"
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"--listen 0.0.0.0:0":                 {exitUsage, "--listen 0.0.0.0:0 is open to the network: add --token-file"},
		"--listen nowhere":                   {exitUsage, "--listen"},
		"--listen 0.0.0.0:0 " + certs:        {exitUsage, "is open to the network"},
		"--tls-cert DIR/server.pem":          {exitUsage, "--tls-cert and --tls-key go together"},
		"--client-ca DIR/ca.pem":             {exitUsage, "--client-ca needs --tls-cert"},
		"--watch -1s":                        {exitUsage, "--watch is -1s"},
		"--idle 0s":                          {exitUsage, "--idle is 0s"},
		"--queue 0":                          {exitUsage, "--queue is 0, expected 1"},
		"--token-file DIR/short":             {exitFailure, "short: a token of 6 characters, expected at least 16"},
		"--token-file DIR/spaced":            {exitFailure, "spaced: character 1 of the token is ' '"},
		"--token-file DIR/large":             {exitFailure, "large: more than 1048576 bytes"},
		"--token-file DIR/none":              {exitFailure, "none: no such file"},
		certs + " --client-ca DIR/empty.pem": {exitFailure, "empty.pem: found no certificate, expected PEM"},
		certs + " --client-ca DIR/none":      {exitFailure, "none: no such file"},
		certs + " --tls-key DIR/other.key":   {exitFailure, "server.pem"},
		certs + " --tls-cert DIR/none.pem":   {exitFailure, "none.pem"},
		certs + " --token-file DIR/short":    {exitFailure, "short: a token of 6"},
	} {
		all := []string{"serve", shipped}
		if !strings.Contains(args, "--listen") {
			all = append(all, "--listen", "127.0.0.1:0")
		}
		_, diagnostics, code := snurun(t, append(all, strings.Fields(strings.ReplaceAll(args, "DIR", dir))...)...)
		if code != want.code || !strings.Contains(diagnostics, want.says) {
			t.Errorf("%s: exit %d, %q, expected %d and %q", args, code, diagnostics, want.code, want.says)
		}
	}
}
