package hub

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/snurun/snurun/fleet"
)

// authority signs certificates.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
	serial    int64
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file = a.issue(t, name)[0]
	return a
}

// issue writes a certificate for this machine, and its key.
func (a *authority) issue(t *testing.T, name string) (files [2]string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.serial++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
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

// TestTLS lets boards in that trust the hub's certificate, by NATS and by MQTT, and no
// others; and, where the hub asks for certificates, those that have one.
func TestTLS(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	server := ours.issue(t, "server")
	good, bad := ours.issue(t, "client"), others.issue(t, "client")
	for _, asks := range []bool{false, true} {
		name := "any client"
		if asks {
			name = "clients with a certificate"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, func(o *Options) {
				o.MQTT, o.Cert, o.Key = freeAddress(t), server[0], server[1]
				if asks {
					o.CA = ours.file
				}
			}, "board pi-1", "mqtt-board cam", "operator anna")
			anna := fleet.Access{URL: "tls://" + p.o.Listen, Credentials: p.credentials("anna"), CA: ours.file, Cert: good[0], Key: good[1]}
			nc, err := fleet.Connect(anna, "anna")
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			eventually(t, "the operator", nc.IsConnected)
			for _, c := range []struct {
				what, scheme, ca string
				cert             [2]string
				ok               bool
			}{
				{"trusts ours", "secure", ours.file, good, true},
				{"trusts others", "secure", others.file, good, false},
				{"trusts the system's", "secure", "", good, false},
				{"no TLS", "plain", "", [2]string{}, false},
				{"no certificate", "secure", ours.file, [2]string{}, !asks},
				{"a certificate of others", "secure", ours.file, bad, !asks},
			} {
				for board, schemes := range map[string]map[string]string{
					"pi-1": {"secure": "tls://" + p.o.Listen, "plain": "nats://" + p.o.Listen},
					"cam":  {"secure": "mqtts://" + p.o.MQTT, "plain": "mqtt://" + p.o.MQTT},
				} {
					heard, err := nc.SubscribeSync("snurun." + board + ".decision")
					if err == nil {
						err = nc.Flush()
					}
					if err != nil {
						t.Fatal(err)
					}
					var log logged
					b, err := fleet.NewPublisher(fleet.PublisherOptions{
						Access: fleet.Access{URL: schemes[c.scheme], Credentials: p.credentials(board), CA: c.ca, Cert: c.cert[0], Key: c.cert[1]},
						Board:  board, Spool: filepath.Join(t.TempDir(), "spool"), Log: log.add,
					})
					if err != nil {
						t.Fatal(err)
					}
					b.Decision(decision(1))
					if c.ok {
						if _, err := heard.NextMsg(time.Minute); err != nil {
							t.Errorf("%s, %s: %v: %v", board, c.what, err, log.String())
						}
						closeAll(t, b)
					} else {
						eventually(t, "a refusal", func() bool { return log.has("no connection to") })
						if err := b.Close(withDeadline(t, 300*time.Millisecond)); err == nil {
							t.Errorf("%s, %s: everything was sent", board, c.what)
						}
						if m, err := heard.NextMsg(50 * time.Millisecond); err == nil {
							t.Errorf("%s, %s: the hub took %s", board, c.what, m.Data)
						}
						if log.has("connected to") {
							t.Errorf("%s, %s: %v", board, c.what, log.String())
						}
					}
					_ = heard.Unsubscribe()
				}
			}
		})
	}
}

// TestNewCertificate gives a running hub another certificate: NATS and the page show
// it; one that cannot be read changes nothing.
func TestNewCertificate(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	files := ours.issue(t, "server")
	p := newPlace(t, func(o *Options) { o.Page, o.Cert, o.Key = "127.0.0.1:0", files[0], files[1] }, "operator anna")
	roots := x509.NewCertPool()
	roots.AddCert(ours.cert)
	shown := func() (page, server int64) {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
		a, err := client.Get(p.hub.PageURL() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		nc, err := nats.Connect(p.hub.URL(), nats.RootCAs(ours.file), nats.UserInfo(credentialsOf(t, p, "anna")))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		state, err := nc.TLSConnectionState()
		if err != nil {
			t.Fatal(err)
		}
		return a.TLS.PeerCertificates[0].SerialNumber.Int64(), state.PeerCertificates[0].SerialNumber.Int64()
	}
	expect := func(want int64) {
		t.Helper()
		if page, server := shown(); page != want || server != want {
			t.Errorf("the page shows certificate %d, NATS %d, expected %d", page, server, want)
		}
	}
	first := ours.serial
	expect(first)
	ours.issue(t, "server") // the same files
	expect(first)
	if err := p.hub.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(first + 1)
	if err := os.WriteFile(files[1], []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.hub.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), files[1]) && !strings.Contains(err.Error(), "key") {
		t.Errorf("%v, expected that the key cannot be read", err)
	}
	expect(first + 1)
}

func credentialsOf(t *testing.T, p *place, user string) (name, password string) {
	t.Helper()
	name, password, _ = strings.Cut(strings.TrimSpace(readFile(t, p.credentials(user))), ":")
	return name, password
}
