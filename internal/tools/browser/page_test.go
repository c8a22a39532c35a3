package browser

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// do calls a command of the protocol.
func do[P, R any](p *page, c cdp.Command[P, R], params P) R {
	p.Helper()
	r, err := chromedp.Call(p.ctx, c, params)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// seven is drawn as people do: a bar and a long stroke, in sides of the pad.
var seven = [][][2]float64{{{.27, .26}, {.4, .25}, {.55, .25}, {.7, .26}, {.62, .4}, {.55, .55}, {.5, .68}, {.46, .8}}}

// draw draws strokes on the pad with the mouse.
func (p *page) draw(strokes [][][2]float64) {
	p.Helper()
	box := evaluate[[]float64](p, `(() => { const r = document.getElementById("pad").getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`)
	move := func(kind input.DispatchMouseEventType, at [2]float64, buttons int64) {
		do(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: kind, X: box[0] + at[0]*box[2], Y: box[1] + at[1]*box[3], Button: input.MouseButtonLeft, Buttons: buttons, ClickCount: 1,
		})
	}
	for _, s := range strokes {
		move(chromedp.MousePressed, s[0], 1)
		for i, to := range s[1:] {
			for k := range 4 {
				f := float64(k+1) / 4
				move(chromedp.MouseMoved, [2]float64{s[i][0] + f*(to[0]-s[i][0]), s[i][1] + f*(to[1]-s[i][1])}, 1)
			}
		}
		move(chromedp.MouseReleased, s[len(s)-1], 0)
	}
}

// TestDraw draws a 7, and the network reads 7, in the server and in the browser.
func TestDraw(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"server": serve, "playground": files} {
		t.Run(name, func(t *testing.T) {
			p := open(t, address(t), look{})
			p.shown()
			p.click("#clear")
			p.until(`document.getElementById("class").textContent === "–"`)
			p.draw(seven)
			p.until(`document.getElementById("class").textContent === "7"`)
			p.shown()
			if s := p.text("live"); !strings.Contains(s, "The network reads 7") {
				t.Errorf("a screen reader hears %q", s)
			}
			if s := p.text("facts"); !strings.Contains(s, "latency") || !strings.Contains(s, "synaptic operations") {
				t.Errorf("facts %q", s)
			}
			file, err := os.ReadFile(filepath.Join(root, "testdata/mnist.msgpack"))
			if err != nil {
				t.Fatal(err)
			}
			sum := fmt.Sprintf("%x", file[len(file)-32:]) // the last field of a model file
			if s := p.text("about"); !strings.Contains(s, "passed on this machine") || !strings.Contains(s, sum) {
				t.Errorf("card %q", s)
			}
		})
	}
}

// TestSameBits compares all frames of digits and recordings that the server sends
// with those that WebAssembly computes.
func TestSameBits(t *testing.T) {
	recording, err := os.ReadFile(filepath.Join(root, "testdata/nmnist/60003.bs2"))
	if err != nil {
		t.Fatal(err)
	}
	// The same messages for either engine; a digest of all that next answers is
	// compared.
	runs := fmt.Sprintf(`
		const pack = (head, payload = []) => {
			const h = new TextEncoder().encode(JSON.stringify(head)), at = (4 + h.length + 7) & ~7, m = new Uint8Array(at + payload.length);
			new DataView(m.buffer).setUint32(0, h.length, true);
			m.set(h, 4);
			m.set(payload, at);
			return m;
		};
		const recording = Uint8Array.from(atob(%q), (c) => c.charCodeAt(0));
		const digest = async (b) => new Uint8Array(await crypto.subtle.digest("SHA-256", b));
		const all = [];
		let count = 0;
		for (let i = 0; i < 12; i++) {
			const model = i < 8 ? "mnist" : "nmnist", watch = i %% 3;
			await engine(model, i < 8 ? pack({ op: "run", input: "sample", index: i, seed: i, watch, steps: 40 }) : pack({ op: "run", input: "file", name: "a.bs2", watch }, recording));
			for (let k = 0; k < 6; k++) {
				const chunk = new Uint8Array(await engine(model, pack({ op: "next", count: 10 })));
				all.push(...await digest(chunk));
				count += chunk.length;
			}
		}
		return count + " " + btoa(String.fromCharCode(...await digest(new Uint8Array(all))));`, base64.StdEncoding.EncodeToString(recording))
	server := open(t, serve(t), look{})
	native := evaluate[string](server, `(async () => {
		const sockets = {};
		const engine = async (model, message) => {
			const s = (sockets[model] ??= new WebSocket("ws://" + location.host + "/api/live?model=" + model));
			s.binaryType = "arraybuffer";
			if (s.readyState === WebSocket.CONNECTING) await new Promise((resolve) => (s.onopen = resolve));
			return new Promise((resolve) => {
				s.onmessage = (e) => resolve(e.data);
				s.send(message);
			});
		};`+runs+`})()`)
	browser := open(t, files(t), look{})
	wasm := evaluate[string](browser, `(async () => {
		const { Wasm } = await import("./wasm.js"), w = new Wasm();
		await w.models();
		const engine = (model, message) => w.ask(model, message);`+runs+`})()`)
	if wasm != native {
		t.Errorf("WebAssembly computes %s, the server %s", wasm, native)
	}
	if bytes, _, _ := strings.Cut(native, " "); len(bytes) < 7 { // a megabyte
		t.Errorf("%s bytes were compared", bytes)
	}
}

// TestRecording drops a recording, which plays and is read; then one is chosen.
func TestRecording(t *testing.T) {
	p := open(t, serve(t)+"/?model=nmnist", look{})
	p.shown()
	for name, class := range map[string]string{"60003.bs2": "1", "60005.bs2": ""} {
		data, err := os.ReadFile(filepath.Join(root, "testdata/nmnist", name))
		if err != nil {
			t.Fatal(err)
		}
		if class == "" {
			labels, err := os.ReadFile(filepath.Join(root, "testdata/nmnist/labels.txt"))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(labels), name+" ")
			class, _, _ = strings.Cut(rest, "\n")
		}
		evaluate[bool](p, fmt.Sprintf(`(() => {
			const bytes = Uint8Array.from(atob(%q), (c) => c.charCodeAt(0)), data = new DataTransfer();
			data.items.add(new File([bytes], %q));
			for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
			return true;
		})()`, base64.StdEncoding.EncodeToString(data), name))
		p.until(fmt.Sprintf(`document.getElementById("frame-note").textContent.includes(%q)`, name))
		p.shown()
		if got := p.text("class"); got != class {
			t.Errorf("%s is read as %q, expected %q", name, got, class)
		}
		if s := evaluate[bool](p, `document.getElementById("drop").hidden`); !s {
			t.Error("the drop target stays")
		}
	}
	// One that is none says so, and the page works on.
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("no recording"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS("#open"), []string{path})); err != nil {
		t.Fatal(err)
	}
	p.until(`!document.getElementById("problem").hidden`)
	if s := p.text("problem"); !strings.Contains(s, "notes.txt") {
		t.Errorf("the page says %q", s)
	}
	p.click("#samples button:nth-child(2)")
	p.until(`document.getElementById("problem").hidden`)
	p.shown()
}

// TestClassify holds what the page says of samples against snurun classify.
func TestClassify(t *testing.T) {
	p := open(t, serve(t), look{calm: true})
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "classify", "testdata/mnist.msgpack", "--json")
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.SplitN(string(text), "\n", 5)[:4] {
		var want struct {
			Name   string
			Spikes int64
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		p.click(fmt.Sprintf("#samples button:nth-child(%d)", i+1))
		p.until(fmt.Sprintf(`document.getElementById("frame-note").textContent.includes("a %s:")`, want.Name))
		p.shown()
		said := strings.ReplaceAll(p.answer(), "\u2009", "")
		if !strings.HasPrefix(said, want.Name+" ") || !strings.HasSuffix(said, fmt.Sprintf(" spikes %d", want.Spikes)) {
			t.Errorf("the page says %q, classify %s", said, line)
		}
	}
}

// TestTime walks through a run: step, back, to the end, and another neuron and noise.
func TestTime(t *testing.T) {
	p := open(t, serve(t), look{calm: true})
	p.shown() // nothing moves by itself: the end is shown at once
	p.click("#restart")
	p.until(`document.getElementById("time").value === "0" && document.getElementById("class").textContent === "–"`)
	p.click("#step")
	p.click("#step")
	p.click("#back")
	p.until(`document.getElementById("clock").textContent.startsWith("step 1 of 10")`)
	p.click("#play")
	p.until(`document.getElementById("play").getAttribute("aria-label") === "Pause"`)
	p.shown()
	p.until(`document.getElementById("play").getAttribute("aria-label") === "Play"`)
	before := p.answer()
	set := func(id, value string) {
		t.Helper()
		evaluate[bool](p, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; for (const k of ["input", "change"]) e.dispatchEvent(new Event(k, { bubbles: true })); return true; })()`, id, value))
	}
	set("layer", "0")
	set("neuron", "300") // there are 256
	p.until(`document.getElementById("neuron").value === "255"`)
	set("steps", "50")
	p.until(`document.getElementById("clock").textContent.startsWith("step 50 of 50")`)
	set("seed", "7")
	p.until(`document.getElementById("problem").hidden`)
	if after := p.answer(); after == before {
		t.Errorf("50 steps say what 10 do: %s", after)
	}
	set("steps", "99999999")
	p.until(`document.getElementById("problem").textContent.includes("too many to look at")`)
}

// TestKeyboard draws with the keyboard alone.
func TestKeyboard(t *testing.T) {
	p := open(t, serve(t), look{})
	p.shown()
	evaluate[bool](p, `(document.getElementById("pad").focus(), true)`)
	p.keys(kb.Delete)
	right, left, up, down := kb.ArrowRight, kb.ArrowLeft, kb.ArrowUp, kb.ArrowDown
	p.keys(strings.Repeat(up, 7) + strings.Repeat(left, 6) + " " + strings.Repeat(right, 12) + strings.Repeat(down+down+left, 7) + " ")
	p.until(`document.getElementById("class").textContent === "7"`)
	if s := p.text("live"); s == "" {
		t.Error("a screen reader hears nothing")
	}
	// From sample to sample, one of which is chosen.
	evaluate[bool](p, `(document.querySelector("#samples button").focus(), true)`)
	p.keys(right + right + kb.Enter)
	p.until(`document.querySelector('#samples button:nth-child(3)').getAttribute("aria-pressed") === "true" && document.getElementById("class").textContent === "9"`)
}

// TestNames holds that whatever can be used has a name that a screen reader says.
func TestNames(t *testing.T) {
	p := open(t, serve(t), look{})
	p.shown()
	tree := do(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	named := 0
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		switch role {
		case "button", "combobox", "slider", "spinbutton", "application", "image", "img", "link", "textbox", "heading", "toolbar", "region":
			named++
			if n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
	if named < 30 {
		t.Errorf("%d things have a role", named)
	}
}

// TestThemes holds that the page is dark where the system is, and as was chosen.
func TestThemes(t *testing.T) {
	const bright = `(() => { const c = getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number); return c[0] + c[1] + c[2] > 384; })()`
	address := serve(t)
	for name, dark := range map[string]bool{"light": false, "dark": true} {
		t.Run(name, func(t *testing.T) {
			p := open(t, address, look{dark: dark})
			p.shown()
			if evaluate[bool](p, bright) == dark {
				t.Error("the page is not as the system prefers")
			}
			p.click("#theme")
			if evaluate[bool](p, bright) != dark || evaluate[string](p, `document.getElementById("theme").getAttribute("aria-pressed")`) != fmt.Sprint(!dark) {
				t.Error("the button changes nothing")
			}
			if err := chromedp.Do(p.ctx, chromedp.Reload()); err != nil {
				t.Fatal(err)
			}
			p.shown()
			if evaluate[bool](p, bright) != dark {
				t.Error("the choice is forgotten")
			}
			p.click("#theme") // the picture is of what the test is named for
		})
	}
}

// TestPhone holds that a page of 360 pixels is no wider, and that fingers hit.
func TestPhone(t *testing.T) {
	address := serve(t)
	for _, model := range []string{"mnist", "nmnist"} {
		p := open(t, address+"/?model="+model, look{width: 360, height: 740, phone: true})
		p.shown()
		if w := evaluate[int](p, `document.documentElement.scrollWidth`); w > 360 {
			t.Errorf("%s: the page is %d pixels wide", model, w)
		}
		small := evaluate[[]string](p, `[...document.querySelectorAll("button, select, input:not([type=file]), .button")].filter((e) => e.offsetParent && (e.offsetWidth < 32 || e.offsetHeight < 32)).map((e) => e.id || e.textContent)`)
		if len(small) > 0 {
			t.Errorf("%s: too small for a finger: %q", model, small)
		}
		p.click("#play")
		p.shown()
	}
}

// TestSave saves the figure.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	p := open(t, serve(t), look{})
	p.shown()
	do(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
	for _, kind := range []string{"png", "svg"} {
		p.click("#" + kind)
		name := filepath.Join(dir, "mnist-sample."+kind)
		var data []byte
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			var err error
			if data, err = os.ReadFile(name); err == nil && len(data) > 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("there is no %s", name)
			}
		}
		if kind == "png" {
			if image, err := png.Decode(bytes.NewReader(data)); err != nil || image.Bounds().Dx() < 1000 {
				t.Errorf("%v", err)
			}
			continue
		}
		tags := map[string]int{}
		for d := xml.NewDecoder(bytes.NewReader(data)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := token.(xml.StartElement); ok {
				tags[s.Name.Local]++
			}
		}
		if tags["polyline"] < 5 || tags["text"] < 15 || tags["path"] < 4 {
			t.Errorf("the figure has %v", tags)
		}
	}
}

// TestSmall holds how much comes over the network, all in all, until a run is shown.
func TestSmall(t *testing.T) {
	p := open(t, serve(t), look{})
	p.shown()
	p.mu.Lock()
	defer p.mu.Unlock()
	t.Logf("%.0f bytes", p.sent)
	if p.sent < 10_000 || p.sent > 150_000 {
		t.Errorf("%.0f bytes were transferred, expected 10,000 to 150,000", p.sent)
	}
}
