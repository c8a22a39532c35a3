// Package authority signs certificates for the tests of what listens with TLS.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates. Cert is its own, File where that is, in PEM.
type Authority struct {
	File   string
	Cert   *x509.Certificate
	Serial int64 // of the certificate that was issued last

	dir string
	key *ecdsa.PrivateKey
}

// New returns an authority whose files lie in a folder.
func New(t testing.TB, dir, name string) *Authority {
	t.Helper()
	a := &Authority{dir: dir}
	a.File = a.Issue(t, name)[0]
	return a
}

// Issue writes a certificate of this machine, for servers and clients, and its key, over
// those of the same name.
func (a *Authority) Issue(t testing.TB, name string) (files [2]string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.Serial++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.Serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.Cert, a.key
	if parent == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.Cert == nil {
		if a.Cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		a.key = key
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}} {
		files[i] = filepath.Join(a.dir, name+[]string{".pem", ".key"}[i])
		if err := os.WriteFile(files[i], pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
