// Command snurun-hub is where boards, workers and operators of snurun meet: a NATS
// server with JetStream on disk, a listener for MQTT, accounts, and a page that
// shows the boards.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/fleet/hub"
	"github.com/snurun/snurun/internal/atomicfile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	// Most of the memory is buffers without pointers, which cost the collector nothing
	// to look through: it may come more often and leave less behind.
	if asked := debug.SetGCPercent(25); asked != 100 {
		debug.SetGCPercent(asked)
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes, those of snurun.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is an error in how the command was called.
type usageError struct{ error }

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "snurun-hub: %v\nTry '%s --help'.\n", err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(stderr, "snurun-hub: %v\n", err)
	return exitFailure
}

func newRoot() *cobra.Command {
	var o hub.Options
	var keepMB, batchMB, storeMB int64
	root := &cobra.Command{
		Use:   "snurun-hub",
		Short: "The meeting point of a fleet of snurun boards",
		Long: `snurun-hub runs a NATS server with JetStream on disk and a listener for MQTT, makes
the streams that boards and workers of snurun need, and serves a page that shows
every board: its last decision, rate, lag, model and health.

Without --users everybody on this machine may do everything, and nobody else can
connect. With it, boards, workers and operators have a password each, and a board
can neither read nor write what is another's. SIGHUP reads the file again, and the
certificate.

It ends with SIGINT or SIGTERM, with everything on disk.`,
		Example: `  snurun-hub --store hub
  snurun-hub user add board pi-1 --users users --out pi-1.credentials
  snurun-hub --store hub --users users --listen :4222 --mqtt :1883 --page :8222 --cert hub.pem --key hub.key`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keepMB < 1 || batchMB < 0 || storeMB < 0 || o.Age < time.Second || o.Sync < 0 {
				return usageError{fmt.Errorf("--keep-mb is %d, --batch-mb %d, --store-mb %d, --keep %v, --sync %v: expected numbers above 0, a second or more, or of --batch-mb, --store-mb and --sync 0", keepMB, batchMB, storeMB, o.Age, o.Sync)}
			}
			o.Bytes, o.Batch, o.StoreBytes = keepMB<<20, batchMB<<20, storeMB<<20
			return serve(cmd.Context(), cmd.ErrOrStderr(), o)
		},
	}
	f := root.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4222", "`address` for NATS, HOST:PORT")
	f.StringVar(&o.MQTT, "mqtt", "127.0.0.1:1883", "`address` for MQTT 3.1.1; \"\" for none")
	f.StringVar(&o.Page, "page", "127.0.0.1:8222", "`address` of the page; \"\" for none")
	f.StringVar(&o.Store, "store", "", "`folder` of everything that is kept")
	f.StringVar(&o.Users, "users", "", "`file` of those who may connect; 'snurun-hub user' writes it")
	f.StringVar(&o.Name, "name", "snurun-hub", "`name` of the server")
	f.StringVar(&o.Cert, "cert", "", "certificate `file` for TLS, PEM")
	f.StringVar(&o.Key, "key", "", "its private key `file`")
	f.StringVar(&o.CA, "ca", "", "ask clients for a certificate that is signed by one of this `file`")
	f.DurationVar(&o.Sync, "sync", time.Second, "bring what is stored to the disk so often; 0: each message at once")
	f.DurationVar(&o.Age, "keep", fleet.DefaultAge, "keep decisions and jobs with their results for so long")
	f.Int64Var(&keepMB, "keep-mb", fleet.DefaultKeep>>20, "keep at most so many `MB` of a board's decisions, which are set aside on the disk")
	f.Int64Var(&batchMB, "batch-mb", 0, "keep at most so many `MB` of models, recordings, tasks and results, which are set aside on the disk (0: 4096, or half of the store where that is less)")
	f.Int64Var(&storeMB, "store-mb", 0, "store at most so many `MB` (0: what is free, less 32)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newUser(), newAccounts())
	return root
}

func none(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q", args[0])}
	}
	return nil
}

// version is that of the module.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// serve runs a hub until ctx is done.
func serve(ctx context.Context, stderr io.Writer, o hub.Options) error {
	if o.Store == "" {
		return usageError{errors.New("--store is missing: expected a folder")}
	}
	o.Log = func(line string) { fmt.Fprintf(stderr, "snurun-hub: %s\n", line) }
	h, err := hub.Start(ctx, o)
	if err != nil {
		return err
	}
	defer h.Close()
	o.Log("ready on " + h.URL())
	if page := h.PageURL(); page != "" {
		o.Log("page on " + page)
	}
	again := make(chan os.Signal, 1)
	notifyReload(again)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again:
			if err := h.Reload(ctx); err != nil {
				o.Log("warning: nothing is read again yet: " + err.Error())
			}
		}
	}
}

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Say who may connect",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var roles []string
	for _, r := range hub.Roles() {
		roles = append(roles, string(r))
	}
	var users, out string
	add := &cobra.Command{
		Use:   "add ROLE NAME",
		Short: "Add a user, or give one a new password",
		Long: `add gives a user a new random password, writes its hash to the file of users, and
the line NAME:PASSWORD, which is all that lets the user in, to --out, for the flag
--credentials of snurun.

ROLE is one of ` + strings.Join(roles, ", ") + `: a board publishes by NATS, an
mqtt-board by MQTT, a worker works on batches, an operator may do everything.`,
		Example: "  snurun-hub user add board pi-1 --users users --out pi-1.credentials\n  snurun-hub user add operator anna --users users --out anna.credentials",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("expected ROLE NAME, found %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if users == "" || out == "" {
				return usageError{errors.New("expected --users FILE and --out FILE")}
			}
			line, err := hub.AddUser(users, hub.Role(args[0]), args[1])
			if err != nil {
				return err
			}
			return writeSecret(out, line+"\n")
		},
	}
	remove := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a user",
		Long:    "remove takes a user out of the file. After SIGHUP the hub disconnects it.",
		Example: "  snurun-hub user remove pi-1 --users users",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("expected NAME, found %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if users == "" {
				return usageError{errors.New("expected --users FILE")}
			}
			return hub.RemoveUser(users, args[0])
		},
	}
	add.Flags().StringVar(&users, "users", "", "`file` of users, made if it is not there")
	add.Flags().StringVar(&out, "out", "", "`file` for NAME:PASSWORD, readable by its owner alone")
	remove.Flags().StringVar(&users, "users", "", "`file` of users")
	cmd.AddCommand(add, remove)
	return cmd
}

// writeSecret writes a file that its owner alone can read.
func writeSecret(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600) // so that its mode is kept
	if err == nil {
		err = errors.Join(f.Chmod(0o600), f.Close())
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func newAccounts() *cobra.Command {
	var users string
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "Print the accounts for a NATS server of one's own",
		Long: `accounts prints what a file of users means as configuration of NATS: accounts with
users, exports and imports. A server or a cluster that includes it keeps boards
apart as the hub does. 'snurun fleet setup' then makes the streams.`,
		Example: "  snurun-hub accounts --users users > accounts.conf",
		Args:    none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if users == "" {
				return usageError{errors.New("expected --users FILE")}
			}
			list, err := hub.ReadUsers(users)
			if err != nil {
				return err
			}
			text, err := hub.Accounts(list)
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), strings.TrimSuffix(strings.TrimPrefix(text, "{\n"), "}\n"))
			return err
		},
	}
	cmd.Flags().StringVar(&users, "users", "", "`file` of users")
	return cmd
}
