package hub

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/internal/authority"
)

// TestTLS lets boards in that trust the hub's certificate, by NATS and by MQTT, and no
// others; and, where the hub asks for certificates, those that have one.
func TestTLS(t *testing.T) {
	t.Parallel()
	ours, others := authority.New(t, t.TempDir(), "ours"), authority.New(t, t.TempDir(), "others")
	server := ours.Issue(t, "server")
	good, bad := ours.Issue(t, "client"), others.Issue(t, "client")
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
					o.CA = ours.File
				}
			}, "board pi-1", "mqtt-board cam", "operator anna")
			anna := fleet.Access{URL: "tls://" + p.o.Listen, Credentials: p.credentials("anna"), CA: ours.File, Cert: good[0], Key: good[1]}
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
				{"trusts ours", "secure", ours.File, good, true},
				{"trusts others", "secure", others.File, good, false},
				{"trusts the system's", "secure", "", good, false},
				{"no TLS", "plain", "", [2]string{}, false},
				{"no certificate", "secure", ours.File, [2]string{}, !asks},
				{"a certificate of others", "secure", ours.File, bad, !asks},
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
	ours := authority.New(t, t.TempDir(), "ours")
	files := ours.Issue(t, "server")
	p := newPlace(t, func(o *Options) { o.Page, o.Cert, o.Key = "127.0.0.1:0", files[0], files[1] }, "operator anna")
	roots := x509.NewCertPool()
	roots.AddCert(ours.Cert)
	shown := func() (page, server int64) {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
		a, err := client.Get(p.hub.PageURL() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		nc, err := nats.Connect(p.hub.URL(), nats.RootCAs(ours.File), nats.UserInfo(credentialsOf(t, p, "anna")))
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
	first := ours.Serial
	expect(first)
	ours.Issue(t, "server") // the same files
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
