package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/stream"
)

type streamOptions struct {
	input       stream.InputOptions
	windows     stream.WindowOptions
	size        string
	late, reset string
	margin      marginFlag
	floor       floorFlag
	agree       agreeFlag
	onset       onsetFlag
	changes     bool
	flush       bool
	stats       time.Duration
	silence     time.Duration
	realtime    bool
	connect     string
	listen      string
	jitter      time.Duration
	json        bool
	publish     publishFlags
}

func newStream() *cobra.Command {
	var o streamOptions
	cmd := &cobra.Command{
		Use:   "stream MODEL",
		Short: "Classify live spikes, events or sound from standard input",
		Long: `stream reads spikes, events or sound from standard input as they come, groups them
into windows of time steps and prints a line for every decision, at once.

The formats are spikes (a line a step: the numbers of the active channels), csv (a line
a step: values), jsonl (a JSON object a line: {"t":µs,"x":X,"y":Y,"p":P}, or
{"spikes":[...]}, or {"values":[...]}), s16le (sound: samples of 16 bits, as from
arecord -t raw -f S16_LE), and recordings of events: text (lines t,x,y,p) and
` + strings.Join(slices.DeleteFunc(event.Formats(), func(f string) bool { return f == textFormat }), ", ") + `.
Without --format it is text for a network of events, s16le for sound, csv for series, jsonl for
one with analog input, else spikes. Events are binned into steps. --connect reads them from a socket, such as
AEDAT 4 from dv-processing; --listen takes what faery and AEStream send. Arrays and HDF5
are no streams: snurun classify reads them.

Windows follow one another unless --stride is smaller than --window. Each begins
in the initial state, as a sample did in training, or, with --reset never, the
membranes run on.

A network that decides at every step prints a line a step; its membranes run on.

A window below --floor is of no class. --agree lets windows decide together.

At the end of the input, or after Ctrl-C, a summary follows. SIGHUP reads the model
again, SIGUSR1 prints what was done so far. Under systemd it is Type=notify.`,
		Example: `  printf '1 5 9\n\n3 4\n' | snurun stream model.msgpack --window 3
  nc -l 9000 | snurun stream model.msgpack --format evt2 --window 50 --stride 10 --realtime
  snurun stream model.msgpack --format t64_x16_y16_on8 --listen udp://127.0.0.1:3333 --realtime
  arecord -t raw -f S16_LE -r 8000 | snurun stream kws.msgpack --format s16le --rate 8000 --floor auto
  snurun stream model.msgpack --format jsonl --margin auto --rearm --json`,
		Args: exactArgs(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return classifyStream(cmd.Context(), cmd, args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.input.Format, "format", "", "format of the input, one of "+strings.Join(stream.Formats(), ", "))
	f.IntVar(&o.input.SampleHz, "rate", 0, "samples a second of s16le (0: as many as the model takes)")
	f.StringVar(&o.size, "size", "", "sensor of `WxH` pixels, where the shape of the network's input does not tell")
	f.DurationVar(&o.input.Step, "dt", 0, "length of a time step (0: as the model says)")
	f.IntVar(&o.windows.Steps, "window", 0, "decide over `N` time steps (0: as the model says)")
	f.IntVar(&o.windows.Stride, "stride", 0, "begin a window every `K` steps (0: every N)")
	f.IntVar(&o.windows.Threads, "threads", 1, "run windows that overlap on `N` threads; the decisions are the same")
	f.StringVar(&o.reset, "reset", "", "reset the membranes `when`: at every window, the default, or never, as where each step is decided")
	o.margin.add(cmd)
	f.BoolVar(&o.windows.Rearm, "rearm", false, "begin the next window right after a decision")
	o.floor.add(cmd)
	f.Var(&o.onset, "onset", "begin a window only with a step of `E/Q`, E events or more, behind Q steps of fewer")
	f.Var(&o.agree, "agree", "name a class only if `K/N`, K of the last N windows, do")
	f.BoolVar(&o.changes, "changes", false, "print a decision only if it differs from the one before")
	f.BoolVar(&o.flush, "flush", false, "decide the windows that the end of the input leaves open")
	f.StringVar(&o.late, "late", "drop", "`what` to do with late events: drop, or fold into the step that is open")
	f.DurationVar(&o.input.Gap, "gap", stream.DefaultGap, "reset everything where time jumps by more than this")
	f.BoolVar(&o.realtime, "realtime", false, "input comes as it happens: let the clock end steps, report lag")
	f.DurationVar(&o.jitter, "jitter", 100*time.Millisecond, "with --realtime, how much longer some events are on their way than others")
	f.DurationVar(&o.silence, "silence", 10*time.Second, "with --realtime, warn after so long without input (0: never)")
	f.DurationVar(&o.stats, "stats", 0, "print what was done so far on standard error, as JSON, every so often (0: never)")
	f.BoolVar(&o.input.SkipBad, "skip-bad", false, "count malformed input, and windows whose sums leave the range of float32, instead of failing")
	complete(cmd, "format", stream.Formats()...)
	complete(cmd, "reset", "window", "never")
	complete(cmd, "late", "drop", "fold")
	f.StringVar(&o.input.Chip, "chip", "", "`sensor` of an AEDAT recording that does not name it, such as DAVIS346")
	f.StringVar(&o.input.Columns, "columns", "", "`names` of the columns of text, such as x,y,p,t or t_s,x,y,p; of csv, names or numbers of those that are channels")
	f.StringVar(&o.connect, "connect", "", "read from this `address`, tcp://HOST:PORT or unix:///PATH, instead of standard input")
	f.StringVar(&o.listen, "listen", "", "read what arrives at this `address`, udp://HOST:PORT or tcp://HOST:PORT, instead of standard input")
	f.BoolVar(&o.json, "json", false, "print one JSON object a decision and a summary")
	o.publish.add(f)
	return cmd
}

// parse checks the options and takes those that are words into the library's.
func (o *streamOptions) parse() error {
	switch o.reset {
	case "", "window":
	case "never":
		o.windows.Keep = true
	default:
		return usagef("--reset is %q, expected window or never", o.reset)
	}
	switch o.late {
	case "drop":
	case "fold":
		o.input.Late = event.FoldLate
	default:
		return usagef("--late is %q, expected drop or fold", o.late)
	}
	switch {
	case o.listen != "" && o.connect != "":
		return usagef("--listen and --connect exclude each other")
	case o.windows.Steps < 0:
		return usagef("--window is %d, expected 0 or more", o.windows.Steps)
	case o.windows.Stride < 0:
		return usagef("--stride is %d, expected 0 or more", o.windows.Stride)
	case o.windows.Threads < 1 || o.windows.Threads > 1024:
		return usagef("--threads is %d, expected 1 to 1024", o.windows.Threads)
	case o.input.SampleHz < 0:
		return usagef("--rate is %d, expected 0 or more", o.input.SampleHz)
	case o.input.Step < 0:
		return usagef("--dt is %v, expected 0 or more", o.input.Step)
	case o.input.Gap <= 0:
		return usagef("--gap is %v, expected a time above 0", o.input.Gap)
	case o.silence < 0:
		return usagef("--silence is %v, expected 0 or more", o.silence)
	case o.stats < 0 || o.stats > 0 && o.stats < time.Millisecond:
		return usagef("--stats is %v, expected 0, or 1ms or more", o.stats)
	case o.jitter <= 0 || o.jitter > stream.MaxJitter:
		return usagef("--jitter is %v, expected a time above 0 and at most %v", o.jitter, stream.MaxJitter)
	}
	if err := o.publish.check(); err != nil {
		return err
	}
	if err := o.margin.check(); err != nil {
		return err
	}
	if err := o.floor.check(); err != nil {
		return err
	}
	o.windows.Agree, o.windows.Onset = o.agree.Agree, o.onset.Onset
	if o.realtime {
		o.input.Jitter, o.input.Silence = o.jitter, o.silence
	}
	if o.size != "" {
		width, height, _ := strings.Cut(o.size, "x")
		w, errW := strconv.Atoi(width)
		h, errH := strconv.Atoi(height)
		if errW != nil || errH != nil || w < 1 || h < 1 {
			return usagef("--size is %q, expected a size such as 34x34", o.size)
		}
		o.input.Size = event.Size{Width: w, Height: h}
	}
	return nil
}

// resets says when membranes are reset where the flags do not.
func (o *streamOptions) resets(m *model.Network, file string) error {
	each := m.Readout.Kind.EachStep()
	if each && o.reset == "window" {
		return usagef("--reset is window, but %s decides at every step, in membranes that run on", file)
	}
	if o.reset == "" {
		if o.reset = "window"; each {
			o.reset = "never"
		}
	}
	return nil
}

// limits completes what the flags say of windows by what a model recommends.
func (o *streamOptions) limits(m *model.Network, file string) (w stream.WindowOptions, err error) {
	w = o.windows
	if w.Margin, err = o.margin.of(m, file); err == nil {
		w.Floor, err = o.floor.of(m, file)
	}
	return w, err
}

func classifyStream(ctx context.Context, cmd *cobra.Command, file string, o streamOptions) error {
	if err := o.parse(); err != nil {
		return err
	}
	said := &shared{w: cmd.ErrOrStderr()}
	undone, err := o.publish.undoTrial(file, said)
	if err != nil {
		return err
	}
	compiled, info, err := readNetworkInfo(file, false)
	if err != nil {
		return err
	}
	m := compiled.Model()
	if err := o.resets(m, file); err != nil {
		return err
	}
	limits, err := o.limits(m, file)
	if err != nil {
		return err
	}
	windows, err := stream.NewWindows(compiled, limits)
	if err != nil {
		return usageError{err}
	}
	from, name := cmd.InOrStdin(), "standard input"
	switch {
	case o.listen != "":
		format := o.input.Format
		if format == "" {
			format = stream.DefaultFormat(m.Input)
		}
		l, err := stream.Listen(ctx, o.listen, format)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		defer l.Close()
		from, name = l, o.listen
		fmt.Fprintf(cmd.ErrOrStderr(), "snurun: listening at %s://%s\n", l.Addr().Network(), l.Addr())
	case o.connect != "":
		conn, err := dial(ctx, o.connect)
		if err != nil {
			return err
		}
		defer conn.Close()
		from, name = conn, o.connect
	}
	stdin := &recorder{r: from}
	o.input.Notify = func(n stream.Notice) {
		fmt.Fprintf(said, "snurun: warning: %s (%d so far)\n", n.Text, n.Count)
	}
	in, err := stream.NewInput(stdin, m, o.input)
	if err != nil {
		return usageError{err}
	}
	defer in.Close()
	p := &decisionPrinter{model: m, out: bufio.NewWriter(cmd.OutOrStdout()), json: o.json}
	steps, stride := windows.Length()
	if err := p.start(startLine{
		Schema: schema, Time: stamp(), Version: version(), Model: file, SHA256: fmt.Sprintf("%x", info.SHA256), Network: m.Topology(), Classes: m.Classes,
		Format: in.Format(), DtMS: float64(in.StepLength()), Window: steps, Stride: stride, Reset: o.reset,
		Margin: limits.Margin, Floor: newFloorLine(limits.Floor), Agree: o.agree.String(), Onset: o.onset.String(), Kernel: compiled.Kernel(), Threads: o.windows.Threads,
	}); err != nil {
		return err
	}
	w := &watcher{out: said, every: o.stats, realtime: o.realtime, kernel: compiled.Kernel()}
	var reloads sync.Mutex
	again := func() error {
		reloads.Lock()
		defer reloads.Unlock()
		return reload(file, &o, windows, p, said)
	}
	stop := watchSignals(func() { _ = again() }, w.status) // it says what is wrong
	defer stop()
	go debug.FreeOSMemory() // of reading the model; the first decision does not wait for it
	p.publish, err = o.publish.start(file, undone, publishSource{&w.monitor, compiled.Kernel(), func() string { return p.sha256(info) }, again}, said)
	if err != nil {
		return err
	}
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	go w.run(watching)
	notifySystemd(daemon.SdNotifyReady)
	summary, err := stream.Run(ctx, in, windows, stream.Handler{
		Decide:  p.decide,
		Changes: o.changes,
		Flush:   o.flush,
		Monitor: &w.monitor,
		Behind: func(lag time.Duration) {
			fmt.Fprintf(said, "snurun: %v behind the input\n", lag.Round(time.Millisecond))
		},
	})
	notifySystemd(daemon.SdNotifyStopping)
	if err != nil && p.err == nil {
		err = fmt.Errorf("%s: %w", name, err)
		if o.input.Format == "" && errors.Is(err, event.ErrMalformed) {
			err = fmt.Errorf("%w%s", err, otherFormat(stdin.beginning(), m.Input.Encoder))
		}
	}
	if printed := p.summary(summary, o.realtime, compiled.Kernel(), steps); err == nil {
		err = printed
	}
	if undone := p.publish.end(publishLine(summaryLine(summary, o.realtime, compiled.Kernel())), err != nil); err == nil {
		err = undone
	}
	return err
}

// reload reads the model's file again and, if it proves itself by its self-test,
// lets windows go on with it. If not, they go on as they were.
func reload(file string, o *streamOptions, windows *stream.Windows, p *decisionPrinter, said io.Writer) error {
	notifySystemd(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	defer notifySystemd(daemon.SdNotifyReady)
	net, info, err := readNetworkInfo(file, true)
	if err == nil {
		var limits stream.WindowOptions
		if limits, err = o.limits(net.Model(), file); err == nil {
			was := p.next.Load()
			p.next.Store(&newModel{file, net.Model(), info}) // before a window can be decided with it
			if err = windows.Replace(net, limits); err != nil {
				p.next.Store(was)
			}
		}
	}
	if err != nil {
		fmt.Fprintf(said, "snurun: warning: the model stays as it was: %v\n", err)
		return err
	}
	debug.FreeOSMemory()
	fmt.Fprintf(said, "snurun: %s, sha256 %x, is read again, verified, and used from the next window on\n", file, info.SHA256[:8])
	return nil
}

// dial connects to tcp://HOST:PORT or unix:///PATH.
func dial(ctx context.Context, address string) (net.Conn, error) {
	network, where, ok := strings.Cut(address, "://")
	if !ok || network != "tcp" && network != "unix" || where == "" {
		return nil, usagef("--connect is %q, expected tcp://HOST:PORT or unix:///PATH", address)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, where)
	if err != nil {
		return nil, fmt.Errorf("--connect %s: %w", address, err)
	}
	return conn, nil
}

// recorder keeps the beginning of what is read through it.
type recorder struct {
	r    io.Reader
	lock sync.Mutex
	head [256]byte
	kept int
}

func (c *recorder) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.lock.Lock()
	c.kept += copy(c.head[c.kept:], p[:n])
	c.lock.Unlock()
	return n, err
}

func (c *recorder) beginning() []byte {
	c.lock.Lock()
	defer c.lock.Unlock()
	return bytes.Clone(c.head[:c.kept])
}

const textFormat = "text"

// otherFormat says what to try for a stream that was read as lines for want of
// --format, if its first bytes tell that it is none.
func otherFormat(head []byte, e model.Encoder) string {
	binary := bytes.ContainsFunc(head, func(r rune) bool { return r < '\t' })
	format, err := event.Detect("", head)
	signed := err == nil && format != textFormat
	switch {
	case e.Coding == model.Sounds:
		return ""
	case e.Coding.Signals() && bytes.IndexAny(bytes.TrimSpace(head), "{[") == 0:
		return "; it is JSON: try --format jsonl"
	case e.Coding != model.Events && (binary || signed):
		return "; the input is no text, which is all that this model's input can be streamed as"
	case signed:
		return "; it begins like a recording in " + format + ": try --format " + format
	case binary:
		others := slices.DeleteFunc(event.Formats(), func(f string) bool { return f == textFormat })
		return "; the input is binary: --format says in which of " + strings.Join(others, ", ")
	}
	return ""
}
