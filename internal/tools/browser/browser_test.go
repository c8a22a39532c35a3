package browser

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const root = "../../.."

// patience is how long anything may take on a machine that is busy.
const patience = time.Minute

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium on the PATH")
	return ""
}

// program builds snurun, once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "snurun-browser")
	if err != nil {
		return "", err
	}
	return built(filepath.Join(dir, "snurun"), "go", "build", "-o", filepath.Join(dir, "snurun"), "./cmd/snurun")
})

// playground writes the page without a server, once for all tests.
var playground = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "snurun-playground")
	if err != nil {
		return "", err
	}
	return built(dir, "go", "run", "./internal/tools/playground", "-out", dir)
})

func built(result, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, text)
	}
	return result, nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, made := range removed {
		os.RemoveAll(made)
	}
	os.Exit(code)
}

// removed is what was built for the tests.
var removed []string

// serve starts snurun serve with the shipped models and returns its address.
func serve(t testing.TB) string {
	t.Helper()
	chromium(t)
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	removed = append(removed, filepath.Dir(name))
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, "serve", "testdata/mnist.msgpack", "testdata/nmnist.msgpack", "--samples", "testdata", "--listen", "127.0.0.1:0")
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // told to end
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// files serves the playground and returns its address.
func files(t testing.TB) string {
	t.Helper()
	chromium(t)
	dir, err := playground()
	if err != nil {
		t.Fatal(err)
	}
	removed = append(removed, dir)
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s.URL
}

// look says how a page is looked at; the zero value is a window of a desktop.
type look struct {
	width, height int64
	phone         bool
	dark, calm    bool // what the system prefers
}

// page is one that is open in a browser of its own.
type page struct {
	testing.TB
	ctx     context.Context
	address string
	quit    context.CancelFunc
	watched sync.WaitGroup

	mu   sync.Mutex
	odd  []string // messages on the console, requests to others
	sent float64  // bytes that have come over the network
}

// open opens an address in a new browser, and fails the test if the page writes to
// the console or asks another host for anything.
func open(t testing.TB, address string, l look) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox)
	ctx, quit := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, close := chromedp.NewContext(ctx)
	p := &page{TB: t, ctx: ctx, address: address, quit: func() { close(); quit() }}
	t.Cleanup(p.end)
	if l.width == 0 {
		l.width, l.height = 1360, 900
	}
	do(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.phone})
	prefer := func(what string, yes bool, word string) *emulation.MediaFeature {
		f := &emulation.MediaFeature{Name: what}
		if yes {
			f.Value = word
		}
		return f
	}
	do(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		prefer("prefers-color-scheme", l.dark, "dark"), prefer("prefers-reduced-motion", l.calm, "reduce"),
	}})
	do(p, network.Enable, network.EnableParams{})
	p.watch()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	return p
}

// watch collects what the page writes to the console and whom it asks.
func (p *page) watch() {
	p.watched.Add(3)
	messages := chromedp.Console(p.ctx)
	requests := chromedp.Events(p.ctx, network.RequestWillBeSent)
	loaded := chromedp.Events(p.ctx, network.LoadingFinished)
	own, err := url.Parse(p.address)
	if err != nil {
		p.Fatal(err)
	}
	note := func(s string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.odd = append(p.odd, s)
	}
	go func() {
		defer p.watched.Done()
		for m, err := range messages {
			if err != nil {
				return
			}
			note("console: " + m.String())
		}
	}()
	go func() {
		defer p.watched.Done()
		for r, err := range requests {
			if err != nil {
				return
			}
			if u, err := url.Parse(r.Request.URL); err != nil || u.Host != own.Host && u.Scheme != "data" && u.Scheme != "blob" {
				note("request: " + r.Request.URL)
			}
		}
	}()
	go func() {
		defer p.watched.Done()
		for l, err := range loaded {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.sent += l.EncodedDataLength
			p.mu.Unlock()
		}
	}()
}

// end takes a picture if one is wanted, closes the browser and says what was odd.
func (p *page) end() {
	if dir := os.Getenv("SNURUN_SCREENSHOTS"); dir != "" {
		s, err := chromedp.Call(p.ctx, cdp.CaptureScreenshot, cdp.CaptureScreenshotParams{})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.Name(), "/", "-")+".png"), s.Data, 0o666)
		}
		if err != nil {
			p.Error(err)
		}
	}
	p.quit()
	p.watched.Wait()
	for _, s := range p.odd {
		p.Error(s)
	}
}

// evaluate returns what an expression is in the page; a promise is waited for.
func evaluate[T any](p *page, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to be true.
func (p *page) until(expression string) {
	p.Helper()
	for end := time.Now().Add(patience); !evaluate[bool](p, "!!("+expression+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("%s is not so after %v; the page says %q", expression, patience, p.text("problem"))
		}
	}
}

// text returns the text of an element.
func (p *page) text(id string) string {
	p.Helper()
	return evaluate[string](p, fmt.Sprintf("document.getElementById(%q).textContent", id))
}

// click clicks the middle of an element.
func (p *page) click(selector string) {
	p.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.Fatalf("%s: %v", selector, err)
	}
}

// keys presses keys one after the other.
func (p *page) keys(keys string) {
	p.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(keys)); err != nil {
		p.Fatal(err)
	}
}

// shown waits until the run is shown to its end.
func (p *page) shown() {
	p.Helper()
	p.until(`document.getElementById("time").value === document.getElementById("time").max && document.getElementById("time").max > 0 && document.getElementById("class").textContent !== "–"`)
}

// answer is what the page says of a run: class, scores, and the facts below.
func (p *page) answer() string {
	p.Helper()
	return evaluate[string](p, `[...document.querySelectorAll("#class, #scores .value, #facts dt, #facts dd")].map((e) => e.textContent).join(" ")`)
}
