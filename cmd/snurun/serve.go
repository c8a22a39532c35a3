//go:build !board

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/snurun/snurun/serve"
)

type serveOptions struct {
	serve.Options
	listen    string
	tokenFile string
	cert, key string
	clientCA  string
	watch     time.Duration
	logJSON   bool
	verbose   bool

	certificates atomic.Pointer[tls.Config] // those that new connections get
}

func newServe() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve MODEL...",
		Short: "Answer over HTTP and gRPC, with a page to look at",
		Long: `serve answers requests for one or several models: the Open Inference Protocol v2 as
JSON and as gRPC, streams of events and their decisions, metrics for Prometheus,
and a page to look at, all on one port. A model is called by the name of its file
without the extension. docs/SERVE.md has the protocol.

It listens on this machine alone unless --listen says otherwise, and openly only
with --token-file, or with TLS and --client-ca. The token comes with each request
as "Authorization: Bearer TOKEN"; a browser gives it once, as /?token=TOKEN.

A model whose file changes, or all at SIGHUP, are read again. A network is used
only once it has passed its self-test; else the old one stays. Requests that run
end on the network that they began with.

After Ctrl-C or SIGTERM no more requests are taken; streams end with a summary, and
requests that run are waited for.`,
		Example: `  snurun serve testdata/mnist.msgpack
  snurun serve testdata/mnist.msgpack testdata/nmnist.msgpack --samples testdata
  snurun serve mnist.msgpack nmnist.msgpack --listen 127.0.0.1:9000
  snurun serve model.msgpack --listen :8000 --token-file /etc/snurun/token`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("expected MODEL..., found no arguments")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Models = args
			return serveModels(cmd.Context(), cmd, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8000", "`address` to listen on, HOST:PORT")
	f.StringVar(&o.Samples, "samples", "", "`folder` with a folder of recordings for each model, of its name, to choose from on the page")
	f.StringVar(&o.tokenFile, "token-file", "", "`file` with a token of at least 16 characters that requests must have")
	f.StringVar(&o.cert, "tls-cert", "", "PEM `file` of the certificate to listen with")
	f.StringVar(&o.key, "tls-key", "", "PEM `file` of its key")
	f.StringVar(&o.clientCA, "client-ca", "", "PEM `file` of the authorities that sign the certificates of clients")
	f.DurationVar(&o.watch, "watch", 2*time.Second, "look for changed models `every` so often (0: only at SIGHUP)")
	f.IntVar(&o.MaxBody, "max-body", 16<<20, "largest request, and input and answer in memory, in `bytes`")
	f.IntVar(&o.MaxBodies, "max-bodies", 256<<20, "all requests that are read or answered at a time, in `bytes`")
	f.IntVar(&o.MaxConnections, "max-connections", 1024, "most `connections` at a time")
	f.IntVar(&o.MaxStreams, "max-streams", 256, "most `streams` at a time")
	f.IntVar(&o.Queue, "queue", 1024, "most `inferences` that wait for a CPU; more are refused")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Second, "longest `time` to answer a request")
	f.DurationVar(&o.ReadTimeout, "read-timeout", 10*time.Second, "longest `time` to read the head of a request, and all of it")
	f.DurationVar(&o.Idle, "idle", 5*time.Minute, "longest `time` that a stream sends nothing")
	f.DurationVar(&o.Drain, "drain", 10*time.Second, "longest `time` to wait at the end for requests that run")
	f.BoolVar(&o.logJSON, "log-json", false, "log JSON objects instead of text")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request")
	return cmd
}

func (o *serveOptions) check() error {
	for _, n := range []struct {
		flag  string
		value int
	}{{"max-body", o.MaxBody}, {"max-bodies", o.MaxBodies}, {"max-connections", o.MaxConnections}, {"max-streams", o.MaxStreams}, {"queue", o.Queue}} {
		if n.value < 1 || n.value > 1<<30 {
			return usagef("--%s is %d, expected 1 to %d", n.flag, n.value, 1<<30)
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"timeout", o.Timeout}, {"read-timeout", o.ReadTimeout}, {"idle", o.Idle}, {"drain", o.Drain}} {
		if d.value <= 0 {
			return usagef("--%s is %v, expected a time above 0", d.flag, d.value)
		}
	}
	switch {
	case o.watch < 0:
		return usagef("--watch is %v, expected 0 or more", o.watch)
	case (o.cert == "") != (o.key == ""):
		return usagef("--tls-cert and --tls-key go together")
	case o.clientCA != "" && o.cert == "":
		return usagef("--client-ca needs --tls-cert and --tls-key")
	}
	if o.Samples != "" {
		if info, err := os.Stat(o.Samples); err != nil {
			return fmt.Errorf("--samples: %w", err)
		} else if !info.IsDir() {
			return usagef("--samples: %s is a file, expected a folder", o.Samples)
		}
	}
	local, err := serve.Loopback(o.listen)
	switch {
	case err != nil:
		return usagef("--listen: %w", err)
	case !local && o.tokenFile == "" && o.clientCA == "":
		return usagef("--listen %s is open to the network: add --token-file, or --client-ca with --tls-cert and --tls-key; or listen on 127.0.0.1", o.listen)
	}
	return nil
}

// minToken is the least length of a token.
const minToken = 16

// secrets reads the token and the certificates.
func (o *serveOptions) secrets() error {
	if o.tokenFile != "" {
		text, err := readSmall(o.tokenFile)
		if err != nil {
			return err
		}
		if o.Token = strings.TrimSpace(string(text)); len(o.Token) < minToken {
			return fmt.Errorf("%s: a token of %d characters, expected at least %d", o.tokenFile, len(o.Token), minToken)
		}
		if i := strings.IndexFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }); i >= 0 {
			return fmt.Errorf("%s: character %d of the token is %q, expected letters, digits and signs but quotes, commas, semicolons and backslashes", o.tokenFile, i, o.Token[i])
		}
	}
	if o.cert == "" {
		return nil
	}
	if err := o.readCertificates(); err != nil {
		return err
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return o.certificates.Load(), nil
	}}
	return nil
}

// readCertificates reads the certificate and the authorities that connections get
// from then on.
func (o *serveOptions) readCertificates() error {
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", o.cert, o.key, err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if o.clientCA != "" {
		text, err := readSmall(o.clientCA)
		if err != nil {
			return err
		}
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("%s: found no certificate, expected PEM", o.clientCA)
		}
	}
	o.certificates.Store(c)
	return nil
}

// readSmall reads a file of at most 1 MB.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s: more than %d bytes", name, most)
	}
	return text, err
}

func serveModels(ctx context.Context, cmd *cobra.Command, o *serveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.secrets(); err != nil {
		return err
	}
	handler := &slog.HandlerOptions{}
	if o.verbose {
		handler.Level = slog.LevelDebug
	}
	o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), handler))
	if o.logJSON {
		o.Log = slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), handler))
	}
	o.Version = version()
	s, err := serve.New(o.Options)
	if err != nil {
		return err
	}
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if o.TLS != nil {
		scheme = "https"
	} else if local, _ := serve.Loopback(o.listen); !local {
		o.Log.Warn("the token travels without encryption: --tls-cert and --tls-key add TLS")
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s://%s\n", scheme, at.Addr()); err != nil {
		return errors.Join(err, at.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.watch > 0 {
		go s.Watch(ctx, o.watch)
	}
	reload := func() {
		s.Reload(true)
		if o.TLS == nil {
			return
		}
		if err := o.readCertificates(); err != nil {
			o.Log.Error("certificates stay as they were", "error", err)
			return
		}
		o.Log.Info("certificates read")
	}
	defer watchSignals(reload, func() {})()
	defer tellSystemd(ctx, scheme+"://"+at.Addr().String())()
	return s.Serve(ctx, at)
}

// tellSystemd says that the server is ready, that it lives as long as it answers
// /healthz, and, by the function that it returns, that it ends.
func tellSystemd(ctx context.Context, url string) (ending func()) {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // without systemd nothing happens
	every, err := daemon.SdWatchdogEnabled(false)
	if err == nil && every > 0 {
		go func() {
			client := &http.Client{Timeout: every / 2}
			for ctx.Err() == nil {
				// With TLS there is no certificate to ask with: the program lives.
				answer, err := client.Get(url + "/healthz")
				if err == nil {
					answer.Body.Close()
				}
				if err == nil || strings.HasPrefix(url, "https:") {
					_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
				}
				select {
				case <-time.After(every / 3):
				case <-ctx.Done():
				}
			}
		}()
	}
	return func() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) }
}
