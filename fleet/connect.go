package fleet

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Access says where a hub is and how to get in.
type Access struct {
	// URL is nats://HOST:PORT, several with commas between, or tls:// for TLS; of
	// boards also mqtt:// and mqtts://. What follows as path is the subject or
	// topic that a board publishes below, instead of snurun.BOARD.
	URL string

	// Credentials names a file with what lets one in: a line USER:PASSWORD, a
	// token alone, or NATS credentials as nsc writes them. Empty: nothing does.
	Credentials string

	// CA names a file with certificates to trust instead of the system's, Cert and
	// Key those of this client, for servers that ask. Each in PEM.
	CA, Cert, Key string
}

// target is a checked URL.
type target struct {
	scheme string // nats, tls, mqtt, mqtts
	hosts  []string
	path   string
}

// ErrURL is the error of a URL that is none of a hub.
var ErrURL = errors.New("fleet: malformed address of a hub")

func (a *Access) parse() (t target, err error) {
	for part := range strings.SplitSeq(a.URL, ",") {
		u, err := url.Parse(part)
		if err != nil {
			return t, fmt.Errorf("%w: %v", ErrURL, err)
		}
		port := ""
		switch u.Scheme {
		case "nats", "tls":
			port = "4222"
		case "mqtt":
			port = "1883"
		case "mqtts":
			port = "8883"
		default:
			return t, fmt.Errorf("%w: %q, expected nats://HOST:4222, tls://HOST:4222, mqtt://HOST:1883 or mqtts://HOST:8883", ErrURL, part)
		}
		if u.User != nil {
			return t, fmt.Errorf("%w: a password in an address shows in lists of processes; expected it in the file of --credentials", ErrURL)
		}
		if u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
			return t, fmt.Errorf("%w: %q, expected %s://HOST:%s", ErrURL, part, u.Scheme, port)
		}
		if u.Port() != "" {
			port = u.Port()
		}
		if t.scheme != "" && (t.scheme != u.Scheme || t.path != strings.Trim(u.Path, "/")) {
			return t, fmt.Errorf("%w: %q, expected servers of one kind, with the same path", ErrURL, a.URL)
		}
		t.scheme, t.path = u.Scheme, strings.Trim(u.Path, "/")
		t.hosts = append(t.hosts, net.JoinHostPort(u.Hostname(), port))
	}
	return t, nil
}

// secure returns the settings of TLS, nil for none.
func (a *Access) secure(always bool) (*tls.Config, error) {
	if !always && a.CA == "" && a.Cert == "" && a.Key == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CA != "" {
		text, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fmt.Errorf("fleet: certificates to trust: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("fleet: %s: found no certificate, expected PEM", a.CA)
		}
	}
	if a.Cert != "" || a.Key != "" {
		pair, err := tls.LoadX509KeyPair(a.Cert, a.Key)
		if err != nil {
			return nil, fmt.Errorf("fleet: certificate %q and key %q: %w", a.Cert, a.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// secret is what a file of credentials holds.
type secret struct {
	user, password, token string
	file                  string // NATS credentials
}

const maxSecret = 1 << 16

func (a *Access) secret() (s secret, err error) {
	if a.Credentials == "" {
		return s, nil
	}
	text, err := os.ReadFile(a.Credentials)
	if err != nil {
		return s, fmt.Errorf("fleet: credentials: %w", err)
	}
	line := strings.TrimSpace(string(text))
	switch {
	case len(text) > maxSecret || line == "":
		return s, fmt.Errorf("fleet: credentials %s: found %d bytes, expected a line USER:PASSWORD, a token, or NATS credentials", a.Credentials, len(text))
	case bytes.Contains(text, []byte("-----BEGIN NATS")):
		s.file = a.Credentials
	case strings.ContainsAny(line, "\r\n"):
		return s, fmt.Errorf("fleet: credentials %s: found several lines, expected a line USER:PASSWORD, a token, or NATS credentials", a.Credentials)
	default:
		var ok bool
		if s.user, s.password, ok = strings.Cut(line, ":"); !ok {
			s.user, s.token = "", line
		}
	}
	return s, nil
}

// Connect connects an operator or a worker. It tries again where the server is not
// there, without end; ctx ends what waits for it.
func Connect(a Access, client string, more ...nats.Option) (*nats.Conn, error) {
	t, err := a.parse()
	if err != nil {
		return nil, err
	}
	if t.path != "" || t.scheme != "nats" && t.scheme != "tls" {
		return nil, fmt.Errorf("%w: %q, expected nats://HOST:4222 or tls://HOST:4222", ErrURL, a.URL)
	}
	return connect(a, t, client, more...)
}

func connect(a Access, t target, client string, more ...nats.Option) (*nats.Conn, error) {
	s, err := a.secret()
	if err != nil {
		return nil, err
	}
	secure, err := a.secure(t.scheme == "tls")
	if err != nil {
		return nil, err
	}
	o := []nats.Option{
		nats.Name("snurun " + client),
		nats.CustomInboxPrefix("_INBOX." + client),
		nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(500*time.Millisecond, time.Second),
		nats.RetryOnFailedConnect(true), nats.Timeout(5 * time.Second),
		// A cable that is cut says nothing: two pings without an answer do.
		nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2),
		nats.IgnoreAuthErrorAbort(),
	}
	if secure != nil {
		o = append(o, nats.Secure(secure))
	}
	switch {
	case s.file != "":
		o = append(o, nats.UserCredentials(s.file))
	case s.token != "":
		o = append(o, nats.Token(s.token))
	case s.user != "":
		o = append(o, nats.UserInfo(s.user, s.password))
	}
	var urls []string
	for _, h := range t.hosts {
		urls = append(urls, t.scheme+"://"+h)
	}
	nc, err := nats.Connect(strings.Join(urls, ","), append(o, more...)...)
	if err != nil {
		return nil, fmt.Errorf("fleet: %s: %w", a.URL, err)
	}
	return nc, nil
}
