//go:build linux && !board

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/internal/authority"
	"github.com/snurun/snurun/internal/outside"
)

// documents are those whose commands run, with the least number of them.
var documents = map[string]int{
	"README.md": 20, "CONTRIBUTING.md": 1, "docs/CONCEPTS.md": 2, "docs/CONNECT.md": 6, "docs/CONVERT.md": 3, "docs/EXPERIMENTS.md": 20, "docs/FLEET.md": 20,
	"docs/MICROCONTROLLERS.md": 4, "docs/PAGE.md": 1, "docs/SERVE.md": 7, "docs/STREAM.md": 5, "docs/TRAIN.md": 14, "docs/TUTORIAL.md": 7,
}

// marked are the commands that no test runs. The document says so: they are typed at the
// prompt of a board, or a remark behind them has the reason.
var marked = regexp.MustCompile(`^pi\$ |# .*(on the board|from the net|takes minutes)`)

// onlyPrompt are commands for a board that need nothing of it.
var onlyPrompt = regexp.MustCompile(`^pi\$ ((\./snurun|awk [^|]*\| \./snurun) [^|&;<>]*)$`)

// elsewhere are commands that continuous integration runs in another place.
var elsewhere = map[string]string{
	"GOOS=":                     ".ci/run, as cross-compilation",
	"go test ./...":             ".ci/run",
	"cd internal/tools/browser": ".ci/run, with those that follow",
	"go test .":                 ".ci/run, in internal/tools/browser",
	"SNURUN_SCREENSHOTS=":       ".ci/run, with all tests of internal/tools/browser",
	"grpcurl ":                  "internal/tools/conform, TestGRPCurl",
	"make -C examples/":         "export/c, TestWand and TestEventCamera",
}

// programs are what a line of a document begins with that is a command.
var programs = strings.Fields("snurun ./snurun snurun-hub sensor arecord awk cd cp curl go grpcurl head make mkfifo nc printf qemu-aarch64-static scp ssh tail")

// assignments may stand before a command.
var assignments = regexp.MustCompile(`^([A-Z_]+=\S* )*`)

// inSentence is a command within a sentence or a table, which runs if it says on what.
var inSentence = regexp.MustCompile("`(snurun (?:[^`]* testdata/[^`]*|plot [^`]* --out [^`]+|train (?:--[^`]* )?--data [^`]*|quantize [^`]*))`")

// standIns are what the documents call folders of data, and their numbers.
var standIns = strings.NewReplacer("--data DIR", "--data mnist", "--data WAND", "--data wand", "--seed S", "--seed 1", "--margin M", "--margin 5")

// recipe is that of a command.
var recipe = regexp.MustCompile(`--recipe (\S+)`)

// unknown is a name in capitals for what the reader has and the test has not.
var unknown = regexp.MustCompile(`(^| |/)[A-Z]+\b(\.| |$|/)`)

// documented is a command of a document, and what the document says that it prints.
type documented struct {
	line, output string
	sentence     bool
}

// commandsOf returns the commands of a document. Those in lines of their own are
// indented; indented lines behind them that are no commands are what they print, and so
// is a fence without a language.
func commandsOf(t *testing.T, text string) (all []documented) {
	t.Helper()
	var last *documented // until a sentence comes
	fence, open := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch code, indented := strings.CutPrefix(line, "    "); {
		case strings.HasPrefix(line, "```"):
			fence, open = line, !open
		case open:
			if fence == "```" && len(all) > 0 {
				all[len(all)-1].output += line + "\n"
			}
		case indented && last != nil && strings.HasSuffix(last.line, "|"):
			last.line += "\n" + code
		case indented && strings.Contains(code, "[flags]"):
		case indented && isCommand(code):
			all = append(all, documented{line: code})
			last = &all[len(all)-1]
		case indented && last != nil:
			last.output += code + "\n"
		case indented:
			if strings.Contains(code, "snurun --") || strings.Contains(code, ".msgpack") {
				t.Errorf("%q looks like a command, but begins with none of %v", line, programs)
			}
		case line != "":
			last = nil
			for _, m := range inSentence.FindAllStringSubmatch(line, -1) {
				all = append(all, documented{line: m[1], sentence: true})
			}
		}
	}
	return all
}

func isCommand(line string) bool {
	word, _, _ := strings.Cut(line[len(assignments.FindString(line)):], " ")
	return word == "pi$" || slices.Contains(programs, word)
}

// TestDocumentsRun runs the commands of documents as they are written, one after the
// other, in a folder with the files that they name, and compares what they print with
// what the documents say. Servers listen at other ports, and the names of machines
// stand for this one.
func TestDocumentsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all commands of the documents")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	files := documentFiles(t, root)
	for document, least := range documents {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(document)))
			if err != nil {
				t.Fatal(err)
			}
			p := newFollower(t, root, files, document)
			run := 0
			for _, c := range commandsOf(t, string(text)) {
				if p.run(c) {
					run++
				}
			}
			p.stop("")
			if run < least {
				t.Errorf("%d commands, expected at least %d", run, least)
			}
		})
	}
}

// follower is somebody who follows a document, in a folder.
type follower struct {
	t                   *testing.T
	root, dir, document string
	addresses           map[string]string
	servers             []*server
}

// server is a command that runs until it is told to end.
type server struct {
	kind, line string
	cmd        *exec.Cmd
	said       *spoken
	ended      chan error
}

// spoken is what several processes write.
type spoken struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// stay are the commands that run until they are told to end, and what they print once
// they are there.
var stay = []struct{ part, ready string }{
	{"snurun serve", "http://"},
	{"snurun-hub --store", "ready on"},
	{"sensor | snurun stream model.msgpack --publish tls:", "connected to"},
	{"sensor | snurun stream model.msgpack --publish mqtts:", "connected to"},
	{"fleet watch", ""},
	{"batch work", ""},
	{"tail -f", "start"},
	{"--listen udp:", "listening at"},
}

// newFollower copies the files to a folder for a document, and starts what it wants to be
// there.
func newFollower(t *testing.T, root, files, document string) *follower {
	p := &follower{t: t, root: root, dir: t.TempDir(), document: document, addresses: freeAddresses(t, strings.Fields(":1883 :3333 :4222 :7777 :8000 :8222 a:4222 b:4222 c:4222 a:6222 b:6222 c:6222")...)}
	if out, err := exec.Command("cp", "-a", files+"/.", p.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		for _, s := range p.servers {
			_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		}
	})
	switch document {
	case "docs/STREAM.md":
		p.serveCamera()
	case "docs/CONNECT.md":
		p.startBroker()
	case "docs/FLEET.md":
		hub := authority.New(t, p.dir, "ca").Issue(t, "hub")
		p.link(filepath.Base(hub[0]), "hub.pem")
		p.link(filepath.Base(hub[1]), "hub.key")
		writeFile(t, p.in("bin", "sensor"), fmt.Appendf(nil, "#!/bin/sh\nwhile cat '%s'; do sleep 0.1; done\n", p.in("spikes.txt")))
	}
	return p
}

func (p *follower) in(parts ...string) string {
	return filepath.Join(append([]string{p.dir}, parts...)...)
}

func (p *follower) link(to, name string) {
	if err := os.Symlink(to, p.in(name)); err != nil && !errors.Is(err, os.ErrExist) {
		p.t.Fatal(err)
	}
}

// host is a machine and port of a document.
var host = regexp.MustCompile(`(?:\b(?:hub|camera|broker|HOST|[abc]|127\.0\.0\.1))?:(1883|3333|4222|7777|8000|8222)\b`)

// address is that for a machine and port of a document. Those of a cluster, of names of
// one letter, differ.
func (p *follower) address(of string) string {
	name, number, _ := strings.Cut(of, ":")
	if len(name) != 1 {
		name = ""
	}
	return p.addresses[name+":"+number]
}

// nextPort is the number below the next port that freeAddresses tries. The system gives
// connections, and listeners at port 0, larger ones: none takes a port meanwhile.
var nextPort atomic.Int32

func init() { nextPort.Store(int32(12000 + os.Getpid()%16000)) }

// freeAddresses returns an address on this machine for each of names.
func freeAddresses(t *testing.T, names ...string) map[string]string {
	addresses := map[string]string{}
	for _, name := range names {
		for addresses[name] == "" {
			port := nextPort.Add(1)
			if port > 32000 {
				t.Fatal("no port is free between 12000 and 32000")
			}
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
			if l, err := net.Listen("tcp", address); err == nil {
				l.Close()
				addresses[name] = address
			}
		}
	}
	return addresses
}

// here is a command with addresses of this machine.
func (p *follower) here(line string) string {
	line = host.ReplaceAllStringFunc(line, p.address)
	with := func(command, flag, value string) {
		if strings.Contains(line, command) && !strings.Contains(line, flag+" ") {
			line = strings.Replace(line, command, command+" "+flag+" "+value, 1)
		}
	}
	with("snurun serve", "--listen", p.address(":8000"))
	for flag, number := range map[string]string{"--listen": ":4222", "--mqtt": ":1883", "--page": ":8222"} {
		if strings.Contains(line, "snurun-hub --store") && !strings.Contains(line, flag+" ") {
			line += " " + flag + " " + p.address(number)
		}
	}
	for _, command := range []string{"fleet ls", "fleet watch"} {
		with("snurun "+command, "--hub", "nats://"+p.address(":4222"))
	}
	_, port, _ := net.SplitHostPort(p.address(":1883"))
	with("mosquitto_pub", "-p", port)
	return line
}

// run runs a command, unless it is marked, and says whether it did.
func (p *follower) run(c documented) bool {
	line := c.line
	if c.sentence {
		line = standIns.Replace(line)
		if unknown.MatchString(line) || strings.Contains(line, "…") {
			return false
		}
		if strings.HasPrefix(line, "snurun train") {
			out := "tried"
			if m := recipe.FindStringSubmatch(line); m != nil {
				out = m[1]
			}
			line += " --epochs 1 --draws 1 --quiet --out " + out + ".msgpack"
		}
	}
	if m := onlyPrompt.FindStringSubmatch(line); m != nil {
		line = m[1]
	} else if marked.MatchString(line) {
		return false
	}
	for prefix := range elsewhere {
		if strings.HasPrefix(line, prefix) {
			return false
		}
	}
	for _, s := range stay {
		if !strings.Contains(line, s.part) {
			continue
		}
		if p.stop(s.part); strings.Contains(line, "pi-1") { // and the other boards
			p.start(s.part, s.ready, strings.ReplaceAll(line, "pi-1", "pi-2"))
		}
		p.start(s.part, s.ready, line)
		return true
	}
	if strings.Contains(line, "fleet setup") && !p.startCluster() {
		return false
	}
	said := new(spoken)
	cmd := p.command(line, p.dir, said)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	late := time.AfterFunc(5*time.Minute, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	err := cmd.Wait()
	failed, _ := os.ReadFile(p.in("failed")) // of a command before a pipe
	if err != nil || len(failed) > 0 {
		p.t.Errorf("%s: %v %s\n%.2000s", line, err, failed, said)
		_ = os.Remove(p.in("failed"))
		return true
	}
	p.compare(c, said.String())
	return true
}

// vary are parts of what commands print that are never the same, and figures those that
// depend on what a network was trained with.
var (
	vary    = regexp.MustCompile(`(?m)^(latency|throughput|kernel) .*$|\bkernels \w+|[\d.]+ (µs|ms|s)\b`)
	figures = regexp.MustCompile(`[0-9a-f]{12,}|\d+(\.\d+)?`)
)

// compare looks for the lines of a document in what its command printed: in order, … for
// what is left out. Where the model is none of those that are shipped, numbers differ.
func (p *follower) compare(c documented, said string) {
	shape := func(text string) string {
		text = vary.ReplaceAllString(text, "$1 …")
		if !strings.Contains(c.line, "testdata/") && p.document != "docs/TUTORIAL.md" {
			text = figures.ReplaceAllString(text, "0")
		}
		return strings.Join(strings.Fields(text), " ")
	}
	lines := strings.Split(said, "\n")
	for line := range strings.Lines(c.output) {
		if line = shape(line); line == "" || line == "…" {
			continue
		}
		expected := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
		at := slices.IndexFunc(lines, func(found string) bool { return expected.MatchString(shape(found)) })
		if at < 0 {
			p.t.Errorf("%s: does not print\n%s\nbut\n%s", c.line, line, said)
			return
		}
		lines = lines[at+1:]
	}
}

func (p *follower) command(line, dir string, said *spoken) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", p.here(line))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	cmd.Env = append(os.Environ(), "PATH="+p.in("bin")+":"+p.dir+":"+os.Getenv("PATH"), "PLACE="+p.dir, "XDG_CACHE_HOME="+p.in("cache"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// start starts a command that stays and waits until it is there.
func (p *follower) start(kind, ready, line string) {
	dir := p.dir
	if _, board, ok := strings.Cut(line, "--board "); ok { // which has a folder of its own
		board, _, _ = strings.Cut(board, " ")
		dir = p.in(board)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			p.t.Fatal(err)
		}
		for _, name := range []string{board + ".credentials", "ca.pem"} {
			p.link(filepath.Join("..", name), filepath.Join(board, name))
		}
		older, err := os.ReadFile(filepath.Join(p.root, "testdata", "mnist-int8.msgpack"))
		if err != nil {
			p.t.Fatal(err)
		}
		writeFile(p.t, filepath.Join(dir, "model.msgpack"), older)
	}
	s := &server{kind: kind, line: line, said: new(spoken), ended: make(chan error, 1)}
	s.cmd = p.command(line, dir, s.said)
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	p.servers = append(p.servers, s)
	for range 6000 {
		if strings.Contains(s.said.String(), ready) {
			return
		}
		select {
		case err := <-s.ended:
			p.t.Fatalf("%s: ended, %v\n%s", line, err, s.said)
		case <-time.After(10 * time.Millisecond):
		}
	}
	p.t.Fatalf("%s: not there after a minute\n%s", line, s.said)
}

// stop ends the commands of a kind that stay, all for "".
func (p *follower) stop(kind string) {
	p.servers = slices.DeleteFunc(p.servers, func(s *server) bool {
		if kind != "" && s.kind != kind {
			return false
		}
		select {
		case err := <-s.ended:
			p.t.Errorf("%s: ended by itself, %v\n%s", s.line, err, s.said)
			return true
		default:
		}
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGINT)
		select {
		case <-s.ended:
			if text := s.said.String(); strings.Contains(text, "panic:") {
				p.t.Errorf("%s: %s", s.line, text)
			}
		case <-time.After(time.Minute):
			p.t.Errorf("%s: does not end\n%s", s.line, s.said)
		}
		return true
	})
}

// program returns the path of a program of others, "" if it is not there and need not be.
func program(t *testing.T, name string) string {
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if p, err := exec.LookPath(path); err == nil {
			return p
		}
	}
	if os.Getenv("SNURUN_REQUIRE_TOOLS") != "" {
		outside.Missing(t, name)
	}
	return ""
}

// background starts a program that the test ends.
func (p *follower) background(name string, args ...string) *spoken {
	said := new(spoken)
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, said, said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if p.t.Failed() {
			p.t.Logf("%s %v:\n%.2000s", name, args, said)
		}
	})
	return said
}

// startBroker starts mosquitto and someone who listens there, who has to hear decisions.
func (p *follower) startBroker() {
	broker, subscriber := program(p.t, "mosquitto"), program(p.t, "mosquitto_sub")
	if broker == "" || subscriber == "" {
		writeFile(p.t, p.in("bin", "mosquitto_pub"), []byte("#!/bin/sh\nexec cat >published\n"))
		if err := os.Chmod(p.in("bin", "mosquitto_pub"), 0o755); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	_, port, _ := net.SplitHostPort(p.address(":1883"))
	log := p.background(broker, "-v", "-p", port)
	until(p.t, "mosquitto", func() bool { return reachable(p.address(":1883")) })
	heard := p.background(subscriber, "-h", "127.0.0.1", "-p", port, "-t", "snurun/decision")
	until(p.t, "the subscription", func() bool { return strings.Contains(log.String(), "SUBACK") })
	p.t.Cleanup(func() {
		until(p.t, "a decision by MQTT", func() bool { return strings.Contains(heard.String(), `"class":7`) })
	})
}

func reachable(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// startCluster starts three servers of NATS with the accounts of the hub.
func (p *follower) startCluster() bool {
	name := program(p.t, "nats-server")
	if name == "" {
		return false
	}
	var said *spoken
	for _, server := range []string{"a", "b", "c"} {
		configuration := fmt.Sprintf(`server_name: %[1]s
listen: "%[2]s"
include accounts.conf
jetstream { store_dir: "cluster-%[1]s" }
cluster { name: snurun, listen: "%[3]s", routes: ["nats://%[4]s", "nats://%[5]s", "nats://%[6]s"] }
`, server, p.address(server+":4222"), p.address(server+":6222"), p.address("a:6222"), p.address("b:6222"), p.address("c:6222"))
		writeFile(p.t, p.in(server+".conf"), []byte(configuration))
		said = p.background(name, "-c", server+".conf")
	}
	until(p.t, "the cluster", func() bool { return strings.Contains(said.String(), "metadata leader") })
	return true
}

// serveCamera has a recording at tcp://camera:7777, and events by UDP at port 3333.
func (p *follower) serveCamera() {
	recording, err := os.ReadFile(p.in("events.evt3"))
	if err != nil {
		p.t.Fatal(err)
	}
	l, err := net.Listen("tcp", p.address("camera:7777"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			_, _ = conn.Write(recording)
			conn.Close()
		}
	}()
}

// documentFiles returns a folder with the files that documents name, and the programs.
func documentFiles(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"snurun":              fmt.Sprintf("%s=1 '%s' \"$@\"\ncode=$?\n[ $code = 0 ] || echo \"exit $code\" >>\"$PLACE/failed\"\nexit $code\n", asCommand, self),
		"go":                  fmt.Sprintf(goHere, asHere("CGO_ENABLED", "XDG_CACHE_HOME"), root, goTool),
		"sensor":              "exec cat spikes.txt\n",
		"arecord":             "exec cat heard.s16\n",
		"nc":                  "exec cat events.evt2\n",
		"qemu-aarch64-static": "exec \"$@\"\n",
	} {
		writeFile(t, in("bin", name), []byte("#!/bin/sh\n"+script))
		if err := os.Chmod(in("bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mnist := smallMNIST(t, 120)
	for name, to := range map[string]string{"testdata": filepath.Join(root, "testdata"), "Makefile": filepath.Join(root, "Makefile"), "snurun": "bin/snurun", "snurun-arm64": "bin/snurun", "mnist": mnist} {
		if err := os.Symlink(to, in(name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, of := range map[string]string{
		"mnist.msgpack": "testdata/mnist.msgpack", "model.msgpack": "testdata/mnist.msgpack", "nmnist.msgpack": "testdata/nmnist.msgpack", "digits.msgpack": "testdata/digits.msgpack",
		"sensor.awk": "docs/examples/sensor.awk", "seven.txt": "docs/examples/seven.txt",
		"net.safetensors": "export/tensors/testdata/leaky.safetensors", "net.json": "export/tensors/testdata/leaky.json",
	} {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(of)))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, in(name), data)
	}
	images, err := os.ReadFile(filepath.Join(mnist, "t10k-images-idx3-ubyte"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, in("digits-idx3-ubyte"), images)
	writeFile(t, in("spikes.txt"), []byte(digitLines(t, 3)))
	writeFile(t, in("x.npy"), array(10, 784, func(int, int) float32 { return 0 }))
	movementsAndWords(t, in)
	events(t, in, filepath.Join(root, "testdata", "nmnist", "60001.bs2"))
	must(t, "train", "--dataset", "folder", "--data", in("wand"), "--recipe", "wand", "--hidden", "8", "--epochs", "1", "--quiet", "--out", in("gesture.msgpack"))
	must(t, "train", "--data", mnist, "--hidden", "8", "--reset", "zero", "--epochs", "1", "--quiet", "--out", in("zero.msgpack"))
	must(t, "convert", in("zero.msgpack"), in("net.nir"), "--quiet")
	return dir
}

// goHere is go in the clone: what it builds for this machine goes to the folder of the
// document. It takes cgo as these tests do, so that nothing is compiled again.
const goHere = `%[1]s
here=$PWD; cd '%[2]s' || exit 1
if [ "$1" != build ]; then exec '%[3]s' "$@"; fi
shift
packages=
while [ $# -gt 0 ]; do
	case $1 in
	-o) shift ;;
	*) packages="$packages $1"; rm -f "$here/${1##*/}" ;;
	esac
	shift
done
exec '%[3]s' build -o "$here/" $packages
`

// asHere sets variables as they are for this test.
func asHere(names ...string) (script string) {
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			script += fmt.Sprintf("export %s='%s'; ", name, value)
		} else {
			script += "unset " + name + "; "
		}
	}
	return script
}

// movementsAndWords writes folders of movements and of words, and a movement and sound as they
// come from sensors.
func movementsAndWords(t *testing.T, in func(...string) string) {
	t.Helper()
	var stroke strings.Builder
	var heard []byte
	directions := [3][2]int{{1, 0}, {0, 1}, {-1, -1}}
	for _, part := range []string{"train", "test"} {
		for class := range directions {
			folder := in("wand", part, fmt.Sprint(class+1))
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range 24 {
				at := func(k, axis int) float32 {
					return float32(float64(directions[class][axis]*k*(20+i))/40 + math.Sin(float64(k+i+axis)))
				}
				writeFile(t, filepath.Join(folder, fmt.Sprintf("%03d.npy", i)), array(140, 2, at))
				for k := range 140 {
					if i == 20 && class == 2 && part == "test" {
						fmt.Fprintln(&stroke, at(k, 0), at(k, 1))
					}
				}
			}
		}
		for class, word := range []string{"no", "yes"} {
			folder := in("words", part, word)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range 8 {
				pcm := tone(4000, 300+float64(900*class+20*i))
				writeFile(t, filepath.Join(folder, fmt.Sprintf("%03d.wav", i)), wav(8000, pcm))
				heard = append(append(heard, pcm...), make([]byte, 16000)...)
			}
		}
	}
	writeFile(t, in("stroke.txt"), []byte(stroke.String()))
	writeFile(t, in("heard.s16"), heard)
}

// events writes a recording of N-MNIST in the formats of other cameras.
func events(t *testing.T, in func(...string) string, of string) {
	t.Helper()
	var all []event.Event
	f, err := event.Open(of, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for buffer := make([]event.Event, 256); ; {
		n, err := f.Read(buffer)
		all = append(all, buffer[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []string{"evt2", "evt3"} {
		var b bytes.Buffer
		w, err := event.NewWriter(format, &b, event.Size{Width: 34, Height: 34})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(all), w.Close()); err != nil {
			t.Fatal(err)
		}
		writeFile(t, in("events."+format), b.Bytes())
	}
}

// tone returns n samples of a tone, 8,000 of 16 bits a second, that swells and fades.
func tone(n int, hz float64) (pcm []byte) {
	for i := range n {
		v := 9000 * math.Sin(2*math.Pi*hz*float64(i)/8000) * math.Sin(math.Pi*float64(i)/float64(n))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
	}
	return pcm
}

// array returns a NumPy array of float32 [rows, columns].
func array(rows, columns int, at func(i, j int) float32) []byte {
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns)
	head += strings.Repeat(" ", 117-len(head)) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	b = append(b, head...)
	for i := range rows {
		for j := range columns {
			bits := math.Float32bits(at(i, j))
			b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
		}
	}
	return b
}
