//go:build !board || fleet

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/runtime"
)

// hasFleet is whether this build can talk to a hub.
const hasFleet = true

// withFleet returns the commands that talk to a hub.
func withFleet() []*cobra.Command { return []*cobra.Command{newFleet(), newBatch()} }

// accessFlags are the flags of how to get into a hub.
type accessFlags struct{ fleet.Access }

// add adds the flags but for that of the address, which has several names.
func (a *accessFlags) add(f *pflag.FlagSet) {
	f.StringVar(&a.Credentials, "credentials", "", "`file` with NAME:PASSWORD, a token, or NATS credentials")
	f.StringVar(&a.CA, "ca", "", "trust the certificates of this `file`, PEM, instead of the system's")
	f.StringVar(&a.Cert, "cert", "", "certificate `file` of this client, PEM, for hubs that ask")
	f.StringVar(&a.Key, "key", "", "private key `file` of --cert")
}

// hub adds the flags of a command that works with a hub.
func (a *accessFlags) hub(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.URL, "hub", "nats://127.0.0.1:4222", "`address` of the hub, nats://HOST:4222 or tls://HOST:4222, several with commas between")
	a.add(cmd.Flags())
}

// patience is how long an operator waits for a hub to answer at all.
const patience = 10 * time.Second

// dial connects to a hub and waits until it is there.
func (a *accessFlags) dial(ctx context.Context, client string) (*nats.Conn, error) {
	failed := make(chan error, 1)
	note := func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	nc, err := fleet.Connect(a.Access, client, nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { note(err) }))
	if err != nil {
		if errors.Is(err, fleet.ErrURL) {
			return nil, usagef("--hub: %w", err)
		}
		return nil, err
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	var last error
	for !nc.IsConnected() {
		select {
		case last = <-failed:
			if errors.Is(last, nats.ErrAuthorization) {
				nc.Close()
				return nil, fmt.Errorf("%s does not let this client in: %w; --credentials names the file with name and password", a.URL, last)
			}
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			nc.Close()
			return nil, ctx.Err()
		case <-deadline.C:
			nc.Close()
			if last == nil {
				last = errors.New("nobody answers")
			}
			return nil, fmt.Errorf("no hub at %s: %w; 'snurun-hub' starts one", a.URL, last)
		}
	}
	return nc, nil
}

func newFleet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "See and lead many boards",
		Long:  "fleet works through a hub, snurun-hub or another NATS server, with the boards that publish\nto it (stream --publish).",
		Example: `  snurun fleet ls
  snurun fleet push model.msgpack --all`,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFleetLs(), newFleetWatch(), newFleetPush(), newFleetRollback(), newFleetSetup())
	return cmd
}

func newFleetLs() *cobra.Command {
	var a accessFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List the boards, as they last said how they are",
		Long:    "ls prints a line a board: its state, the model it runs, decisions and lag, and what\nwaits in its spool. A board that has been silent for 35 s is called silent.",
		Example: "  snurun fleet ls --hub nats://hub:4222 --credentials anna.credentials\n  snurun fleet ls --json",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			nc, err := a.dial(cmd.Context(), "ls")
			if err != nil {
				return err
			}
			defer nc.Close()
			known, err := fleet.States(cmd.Context(), nc)
			if err != nil {
				return err
			}
			return printStates(cmd, known, asJSON)
		},
	}
	a.hub(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a board")
	return cmd
}

// silentAfter is how old a state may be.
const silentAfter = 35 * time.Second

// stateOf returns the state of a board, silent if it should have spoken.
func stateOf(k *fleet.Known) string {
	if k.State.State == fleet.Running && time.Since(k.Stored) > silentAfter {
		return "silent"
	}
	return k.State.State
}

func printStates(cmd *cobra.Command, known []fleet.Known, asJSON bool) error {
	w := cmd.OutOrStdout()
	if asJSON {
		e := json.NewEncoder(w)
		for i := range known {
			k := known[i]
			k.State.State = stateOf(&k)
			if err := e.Encode(struct {
				Schema int `json:"schema"`
				fleet.State
			}{schema, k.State}); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := fmt.Fprintf(w, "%-20s %-8s %9s  %-12s %-10s %11s %9s %8s %8s\n", "board", "state", "age", "model", "self-test", "decisions/s", "lag", "waiting", "dropped"); err != nil {
		return err
	}
	for i := range known {
		k := &known[i]
		if _, err := fmt.Fprintf(w, "%-20s %-8s %9v  %-12.12s %-10.10s %11.1f %6.1f ms %8d %8d\n", k.Board, stateOf(k), time.Since(k.Stored).Round(time.Second),
			printable(k.Model), printable(k.SelfTest), k.PerS, k.LagUS/1e3, k.Waiting, k.Dropped); err != nil {
			return err
		}
	}
	return nil
}

func newFleetWatch() *cobra.Command {
	var a accessFlags
	var health bool
	cmd := &cobra.Command{
		Use:   "watch [BOARD...]",
		Short: "Print what boards decide, as it comes",
		Long: `watch prints the messages of all boards, or of those named, as lines of JSON, until
Ctrl-C: decisions, summaries, and reports on models. It shows what comes while it
runs; what was decided before is in the streams of the boards.`,
		Example: "  snurun fleet watch --hub nats://hub:4222 --credentials anna.credentials\n  snurun fleet watch pi-1 pi-2 --health",
		RunE: func(cmd *cobra.Command, boards []string) error {
			nc, err := a.dial(cmd.Context(), "watch")
			if err != nil {
				return err
			}
			defer nc.Close()
			kinds := fleet.Logged()
			if health {
				kinds = append(kinds, fleet.Health)
			}
			if len(boards) == 0 {
				boards = []string{"*"}
			}
			messages := make(chan *nats.Msg, 4096)
			for _, b := range boards {
				if b != "*" {
					if err := fleet.CheckName("board", b); err != nil {
						return usageError{err}
					}
				}
				for _, k := range kinds {
					if _, err := nc.ChanSubscribe(fleet.Prefix(b)+"."+k, messages); err != nil {
						return err
					}
				}
			}
			for {
				select {
				case <-cmd.Context().Done():
					return nil
				case m := <-messages:
					var line bytes.Buffer
					if json.Compact(&line, m.Data) != nil {
						continue // no message of a board
					}
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), printable(line.String())); err != nil {
						return err
					}
				}
			}
		},
	}
	a.hub(cmd)
	cmd.Flags().BoolVar(&health, "health", false, "print the states of the boards, too")
	return cmd
}

// orders are the flags of commands that give orders.
type orders struct {
	accessFlags
	all  bool
	wait time.Duration
	json bool
}

func (o *orders) addTo(cmd *cobra.Command) {
	o.hub(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "all boards that fleet ls lists")
	cmd.Flags().DurationVar(&o.wait, "wait", 30*time.Second, "wait so long for the boards to report")
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON object a board")
}

// give gives an order to boards and prints what they report.
func (o *orders) give(cmd *cobra.Command, boards []string, order func(context.Context, *fleet.Operator, []string, func(fleet.Outcome)) ([]string, error)) error {
	if o.all == (len(boards) > 0) {
		return usagef("expected either names of boards or --all")
	}
	if o.wait < 0 {
		return usagef("--wait is %v, expected 0 or more", o.wait)
	}
	for _, b := range boards {
		if err := fleet.CheckName("board", b); err != nil {
			return usageError{err}
		}
	}
	nc, err := o.dial(cmd.Context(), "orders")
	if err != nil {
		return err
	}
	defer nc.Close()
	if o.all {
		known, err := fleet.States(cmd.Context(), nc)
		if err != nil {
			return err
		}
		for _, k := range known {
			boards = append(boards, k.Board)
		}
		if len(boards) == 0 {
			return errors.New("the hub knows no boards")
		}
	}
	op, err := fleet.NewOperator(nc)
	if err != nil {
		return err
	}
	op.Wait = max(o.wait, 1) // storing the model and giving the orders may take longer
	refused := 0
	e := json.NewEncoder(cmd.OutOrStdout())
	left, err := order(cmd.Context(), op, boards, func(out fleet.Outcome) {
		if !out.OK {
			refused++
		}
		if o.json {
			_ = e.Encode(struct { // of a pipe that is closed, the command ends quietly
				Schema int `json:"schema"`
				fleet.Outcome
			}{schema, out})
			return
		}
		if !out.OK {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: refused, it stays with %.12s: %s\n", out.Board, printable(out.Model), printable(out.Error))
			return
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: runs %.12s, was %.12s\n", out.Board, printable(out.Model), printable(out.Was))
	})
	if err != nil {
		return err
	}
	for _, b := range left {
		if o.json {
			_ = e.Encode(map[string]any{"schema": schema, "board": b, "waiting": true})
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: no word within %v; it finds the order when it is back\n", b, o.wait)
	}
	if refused > 0 {
		return fmt.Errorf("%d of %d boards refused", refused, len(boards))
	}
	return nil
}

func newFleetPush() *cobra.Command {
	var o orders
	cmd := &cobra.Command{
		Use:   "push MODEL [BOARD...]",
		Short: "Give boards another model",
		Long: `push stores a model at the hub and orders boards to take it. A board checks its
SHA-256, runs its self-test, and goes on with it from the next window; what it ran
before stays beside it for rollback. A model that does not prove itself on the board
is refused there, and the board stays with what it has. Boards take models if they
run with stream --publish nats://… --take-models.

The model is verified on this machine first. A board that is away finds the order
when it is back.`,
		Example: "  snurun fleet push model.msgpack pi-1 pi-2 --hub nats://hub:4222 --credentials anna.credentials\n  snurun fleet push model.msgpack --all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("expected MODEL [BOARD...], found no arguments")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			m, err := export.ReadFile(args[0])
			if err == nil {
				err = runtime.Verify(m)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return o.give(cmd, args[1:], func(ctx context.Context, op *fleet.Operator, boards []string, tell func(fleet.Outcome)) ([]string, error) {
				return op.Push(ctx, data, args[0], boards, tell)
			})
		},
	}
	o.addTo(cmd)
	return cmd
}

func newFleetRollback() *cobra.Command {
	var o orders
	cmd := &cobra.Command{
		Use:     "rollback [BOARD...]",
		Short:   "Let boards go back to the model before",
		Long:    "rollback orders boards to go on with the model that they ran before the last push. A\nsecond rollback changes back again.",
		Example: "  snurun fleet rollback pi-1 --hub nats://hub:4222 --credentials anna.credentials\n  snurun fleet rollback --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.give(cmd, args, func(ctx context.Context, op *fleet.Operator, boards []string, tell func(fleet.Outcome)) ([]string, error) {
				return op.Rollback(ctx, boards, tell)
			})
		},
	}
	o.addTo(cmd)
	return cmd
}

func newFleetSetup() *cobra.Command {
	var a accessFlags
	var keep fleet.Keep
	var keepMB, batchMB int64
	cmd := &cobra.Command{
		Use:   "setup [BOARD...]",
		Short: "Make what a fleet needs on a NATS server of one's own",
		Long: `setup makes the streams, buckets and the consumer that boards and workers need, and
a stream for each board that is named, or brings them to what the flags say.
snurun-hub does this by itself.`,
		Example: "  snurun fleet setup pi-1 pi-2 --hub nats://a:4222,nats://b:4222,nats://c:4222 --replicas 3",
		RunE: func(cmd *cobra.Command, boards []string) error {
			if keep.Age < time.Second || keepMB < 1 || batchMB < 1 || keep.Replicas < 1 || keep.Replicas > 5 {
				return usagef("--keep is %v, --keep-mb %d, --batch-mb %d, --replicas %d: expected a second or more, numbers above 0, and 1 to 5 replicas", keep.Age, keepMB, batchMB, keep.Replicas)
			}
			keep.Bytes, keep.Batch = keepMB<<20, batchMB<<20
			nc, err := a.dial(cmd.Context(), "setup")
			if err != nil {
				return err
			}
			defer nc.Close()
			js, err := jetstream.New(nc)
			if err != nil {
				return err
			}
			return fleet.Setup(cmd.Context(), js, keep, boards)
		},
	}
	a.hub(cmd)
	f := cmd.Flags()
	f.DurationVar(&keep.Age, "keep", fleet.DefaultAge, "keep decisions and results for so long")
	f.Int64Var(&keepMB, "keep-mb", fleet.DefaultKeep>>20, "keep at most so many `MB` of a board's decisions, which are set aside on the disk")
	f.Int64Var(&batchMB, "batch-mb", fleet.DefaultBatch>>20, "keep at most so many `MB` of models, recordings, tasks and results, which are set aside on the disk")
	f.IntVar(&keep.Replicas, "replicas", 1, "servers of a cluster that hold everything")
	return cmd
}
