//go:build !board

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/serve"
)

type serveOptions struct {
	listen string
}

func newServe() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve MODEL...",
		Short: "Answer over HTTP and gRPC, with a page to look at",
		Long: `serve answers requests for one or several models: the Open Inference Protocol v2 as
JSON and as gRPC, on one port, and shows them on a page. A model is called by the
name of its file without the extension.`,
		Example: `  snurun serve testdata/mnist.msgpack
  snurun serve testdata/mnist.msgpack testdata/nmnist.msgpack --listen 127.0.0.1:9000`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("expected MODEL..., found no arguments")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return serveModels(cmd.Context(), cmd, args, o)
		},
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8000", "`address` to listen on, HOST:PORT")
	return cmd
}

func serveModels(ctx context.Context, cmd *cobra.Command, files []string, o serveOptions) error {
	s, err := serve.New(serve.Options{Models: files, Version: version(), Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))})
	if err != nil {
		return err
	}
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "http://%s\n", at.Addr())
	return s.Serve(ctx, at)
}
