package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// wave is a deterministic sequence between −1 and 1.
func wave(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i*i) + 0.5))
	}
	return v
}

// train is a spike train in which every k-th place of (step, neuron) spikes; 0
// is silence.
func train(steps, size, k int) spike.Train {
	t := spike.NewTrain(steps, size)
	for i := 0; k > 0 && i < steps*size; i += k {
		t.At(i / size).Set(i % size)
	}
	return t
}

func values(steps, size int) spike.Values {
	v, err := spike.FromData(steps, size, wave(steps*size))
	if err != nil {
		panic(err)
	}
	return v
}

func frame(name string, height, width int, scale string) Frame {
	return Frame{Name: name, Height: height, Width: width, Values: wave(height * width), Scale: scale}
}

func trace(name string, steps int) Trace {
	threshold := float32(0.5)
	return Trace{Name: name, Membrane: wave(steps), Threshold: &threshold, Spikes: []int{0, steps - 1}}
}

func classNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("class ", i)
	}
	return names
}

func matrix(n, count int) [][]int {
	m := make([][]int, n)
	for i := range m {
		m[i] = make([]int, n)
		for j := range m[i] {
			m[i][j] = count * (i + j)
		}
		m[i][i] += count
	}
	return m
}

type drawing struct {
	name string
	draw func() (*Figure, error)
}

// drawings holds every figure, with ordinary data and at its limits.
func drawings() []drawing {
	raster := func(a ...Activity) func() (*Figure, error) {
		return func() (*Figure, error) { return Raster(a, classNames(10), 1) }
	}
	neuron := func(steps int) func() (*Figure, error) {
		return func() (*Figure, error) { return Neuron(train(steps, 1, 3), trace("n", steps), 1) }
	}
	membranes := func(n, steps int) func() (*Figure, error) {
		return func() (*Figure, error) {
			return Membranes(slices.Repeat([]Trace{trace("n", steps)}, n), 0.25)
		}
	}
	weights := func(n, height, width int) func() (*Figure, error) {
		return func() (*Figure, error) {
			return Weights(slices.Repeat([]Frame{frame("0", height, width, "")}, n))
		}
	}
	kernels := func(in, out, height, width int) func() (*Figure, error) {
		return func() (*Figure, error) {
			row := slices.Repeat([]Frame{frame("7", height, width, "")}, out)
			return Kernels(slices.Repeat([][]Frame{row}, in), classNames(in))
		}
	}
	frames := func(f ...Frame) func() (*Figure, error) {
		return func() (*Figure, error) { return Frames(f) }
	}
	confusion := func(n, count int) func() (*Figure, error) {
		return func() (*Figure, error) { return Confusion(matrix(n, count), classNames(n)) }
	}
	run := func(name string, epochs int) Run {
		r := Run{Name: name}
		for e := range epochs {
			r.Epochs = append(r.Epochs, Epoch{e + 1, 1 / float64(e+1), 0.9, 0.8, 0.7})
		}
		return r
	}
	curves := func(runs ...Run) func() (*Figure, error) {
		return func() (*Figure, error) { return Curves(runs) }
	}
	accuracy := func(n, steps int) func() (*Figure, error) {
		return func() (*Figure, error) {
			a := AccuracyCurve{"a", make([]float64, steps), make([]float64, steps), 10}
			for k := range a.Mean {
				a.Mean[k], a.Error[k] = 1-1/float64(k+1), 0.1
			}
			return Accuracy(slices.Repeat([]AccuracyCurve{a}, n), 1)
		}
	}
	early := func(n, margins, steps int) func() (*Figure, error) {
		return func() (*Figure, error) {
			e := EarlyCurve{Name: "a", Fixed: make([]float64, steps)}
			for k := range margins {
				at := 1 + float64(k*(steps-1))/float64(margins)
				e.Points = append(e.Points, EarlyPoint{at, 1 - 1/(at+1), fmt.Sprint(k), k == 1})
			}
			return EarlyDecisions(slices.Repeat([]EarlyCurve{e}, n), 1)
		}
	}
	tradeoff := func(n, margins int) func() (*Figure, error) {
		return func() (*Figure, error) {
			c := TradeoffCurve{Name: "a", Whole: TradeoffPoint{US: 300, Accuracy: 0.9}}
			for k := range margins {
				c.Early = append(c.Early, TradeoffPoint{0.3 + float64(k), 0.8, k == 1})
			}
			return Tradeoff(slices.Repeat([]TradeoffCurve{c}, n))
		}
	}
	extrapolation := func(n, steps int, analog bool) func() (*Figure, error) {
		return func() (*Figure, error) {
			output := Activity{Name: "output", Data: train(steps, n, 3), Unit: "s"}
			if analog {
				output.Data = values(steps, n)
			}
			return Extrapolation(Extrapolated{Input: frame("input", 28, 28, "spikes"), Output: output, Scores: wave(n), Classes: classNames(n), Class: n - 1, Trained: 10}, 1)
		}
	}
	channels := func(x spike.Input) func() (*Figure, error) {
		return func() (*Figure, error) {
			e := Extrapolated{Channels: Activity{Name: "input", Kind: "channel", Data: x, Unit: "value"}, Output: Activity{Name: "output", Data: values(x.Steps(), 3), Unit: "s"}}
			e.Scores, e.Classes, e.Trained = wave(3), classNames(3), 5
			return Extrapolation(e, 1)
		}
	}
	rates := func(n, points int, of func([]Series) (*Figure, error)) func() (*Figure, error) {
		return func() (*Figure, error) {
			s := Series{Name: "a"}
			for k := range points {
				s.X, s.Y = append(s.X, float64(k)), append(s.Y, float64(k*k))
			}
			return of(slices.Repeat([]Series{s}, n))
		}
	}
	histogram := func(n, weights int) func() (*Figure, error) {
		return func() (*Figure, error) { return Histogram(slices.Repeat([]Weighted{{"a", wave(weights)}}, n)) }
	}
	spikes := func(n int, mean float64) func() (*Figure, error) {
		return func() (*Figure, error) {
			return Spikes([]NetworkSpikes{{"a", 10, slices.Repeat([]LayerSpikes{{"layer", 100, mean, mean / 10}}, n)}})
		}
	}
	return []drawing{
		{"neuron", neuron(100)},
		{"neuron, 1 step", neuron(1)},
		{"membranes", membranes(4, 100)},
		{"membranes, most", membranes(maxRows, 1)},
		{"frames", frames(frame("a", 28, 28, ""), frame("b", 28, 28, ""), frame("c", 28, 28, "spikes"))},
		{"frames, most, with scales", frames(slices.Repeat([]Frame{frame("a", 720, 1280, "spikes")}, maxFrames)...)},
		{"frame, 1 pixel, zero", frames(Frame{Height: 1, Width: 1, Values: []float32{0}, Scale: "zero"})},
		{"frame, ON and OFF", frames(Frame{Name: "events", Height: 2, Width: 2, Values: []float32{0, 1, 0, 3}, Off: []float32{0, 0, 2, 2}, Scale: "events"})},
		{"frame, a line", frames(frame("line", 1, 10000, "value"))},
		{"raster", raster(Activity{Name: "input", Data: train(10, 784, 50)}, Activity{Name: "output", Data: train(10, 10, 7)})},
		{"raster, silent", raster(Activity{Name: "a", Data: train(10, 256, 0)})},
		{"raster, 1 neuron, 1 step", raster(Activity{Name: "a", Data: train(1, 1, 1)})},
		{"raster, 10,000 neurons", raster(Activity{Name: "few", Data: train(100, 10000, 9999)}, Activity{Name: "many", Data: train(100, 10000, 2)})},
		{"raster, 10,000 steps", raster(Activity{Name: "a", Data: train(10000, 16, 5)})},
		{"raster, too many for marks", raster(Activity{Name: "a", Data: train(1000, 256, 3)})},
		{"raster, analog", raster(Activity{Name: "a", Data: values(20, 10), Unit: "y"})},
		{"raster, analog, zero", raster(Activity{Name: "a", Data: spike.NewValues(1, 1), Unit: "y"})},
		{"weights", weights(64, 28, 28)},
		{"weights, 1", weights(1, 1, 1)},
		{"weights, most", weights(maxFields, 8, 8)},
		{"kernels", kernels(2, 16, 5, 5)},
		{"kernels, 1", kernels(1, 1, 1, 1)},
		{"kernels, most", kernels(32, 32, 3, 3)},
		{"kernels, a row", kernels(1, maxFields, 7, 7)},
		{"kernels, lines", kernels(3, 2, 1, 4000)},
		{"weights, lines", weights(3, 1, 5000)},
		{"curves", curves(run("a", 10))},
		{"curves, 1 epoch", curves(run("a", 1))},
		{"curves, most", curves(slices.Repeat([]Run{run("a rather long name of a model file", 3)}, len(cycle))...)},
		{"accuracy", accuracy(1, 100)},
		{"accuracy, 1 step", accuracy(2, 1)},
		{"tradeoff", tradeoff(1, 9)},
		{"tradeoff, no early decisions", tradeoff(2, 0)},
		{"tradeoff, most", tradeoff(len(cycle), 400)},
		{"early decisions", early(1, 9, 10)},
		{"early decisions, 1 step", early(1, 1, 1)},
		{"early decisions, most", early(len(cycle), 1000, 100)},
		{"confusion", confusion(10, 3)},
		{"confusion, 1 class", confusion(1, 1)},
		{"confusion, most", confusion(maxClasses, 1000)},
		{"extrapolation", extrapolation(10, 100, false)},
		{"extrapolation, 1 class, 1 step", extrapolation(1, 1, false)},
		{"extrapolation, most", extrapolation(maxClasses, 500, false)},
		{"extrapolation, analog", extrapolation(10, 100, true)},
		{"channels", channels(train(20, 64, 7))},
		{"channels, values", channels(values(200, 2))},
		{"rates", rates(3, 20, FiringRates)},
		{"rates, 1 epoch", rates(1, 1, FiringRates)},
		{"response", rates(2, 50, Response)},
		{"response, 1 rate", rates(1, 1, Response)},
		{"histogram", histogram(4, 1000)},
		{"histogram, 1 weight", histogram(1, 1)},
		{"histogram, most", histogram(maxRows, 10)},
		{"spikes", spikes(5, 123.4)},
		{"spikes, several", func() (*Figure, error) {
			n := NetworkSpikes{"a", 10, []LayerSpikes{{"layer", 100, 3, 1}}}
			return Spikes([]NetworkSpikes{n, n})
		}},
		{"spikes, silent", spikes(1, 0)},
		{"spikes, many", spikes(maxRows, 1e9)},
	}
}

func write(t *testing.T, f *Figure, format Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFigures(t *testing.T) {
	for _, d := range drawings() {
		if testing.Short() && strings.Contains(d.name, ",") { // one of each kind
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			f, err := d.draw()
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(write(t, f, PNG)))
			if err != nil {
				t.Fatal(err)
			}
			if w := picture.Bounds().Dx(); w < 100 || w > 1601 {
				t.Errorf("PNG is %d pixels wide", w)
			}
			checkXML(t, write(t, f, SVG))
			if pdf := write(t, f, PDF); !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Contains(pdf, []byte("NaN")) {
				t.Errorf("the PDF file of %d bytes begins with %q or has NaN", len(pdf), pdf[:min(8, len(pdf))])
			}
		})
	}
}

// Neuron 0 is at the top in marks and in colours, in every format.
func TestFirstNeuronIsAtTheTop(t *testing.T) {
	x := spike.NewTrain(4, 8)
	x.At(1).Set(0)
	v := spike.NewValues(4, 8)
	v.At(1)[0] = 1
	for name, data := range map[string]spike.Input{"marks": x, "colours": v} {
		a := Activity{Data: data}
		r := a.row(nil, 80, 300)
		c := vgimg.NewWith(vgimg.UseWH(300, 80), vgimg.UseDPI(72))
		whole := canvas{Canvas: draw.New(c), ownFont: true}
		whole.fill(whole.Rectangle, white)
		r.data(&panel{canvas: whole, area: rect(0, 0, 300, 80), y: r.y})
		top, bottom := 0, 0
		for y := range 80 {
			for x := range 300 {
				if red, _, _, _ := c.Image().At(x, y).RGBA(); red < 0x8000 {
					if y < 10 {
						top++
					} else {
						bottom++
					}
				}
			}
		}
		if top == 0 || bottom > 0 {
			t.Errorf("%s: %d dark pixels in the first row, %d below", name, top, bottom)
		}
	}
}

// In a PDF file pictures lie the other way, since vgpdf turns them.
func TestPicturesOfPDF(t *testing.T) {
	var got image.Image
	c := canvas{Canvas: draw.Canvas{Canvas: imageKeeper{&got}}, pdf: true}
	c.picture(rect(0, 0, 3, 3), picture{1, 2, func(_, y int) float64 { return float64(y) }}, newColorMap(0, 1))
	h := got.Bounds().Dy()
	if first, last := got.At(0, 0), got.At(0, h-1); first == color.Color(white) || last != color.Color(white) {
		t.Errorf("the first row is %v, the last %v, expected that of row 1 first", first, last)
	}
}

// imageKeeper keeps the last picture drawn.
type imageKeeper struct{ got *image.Image }

func (k imageKeeper) SetLineWidth(vg.Length)                    {}
func (k imageKeeper) SetLineDash([]vg.Length, vg.Length)        {}
func (k imageKeeper) SetColor(color.Color)                      {}
func (k imageKeeper) Rotate(float64)                            {}
func (k imageKeeper) Translate(vg.Point)                        {}
func (k imageKeeper) Scale(float64, float64)                    {}
func (k imageKeeper) Push()                                     {}
func (k imageKeeper) Pop()                                      {}
func (k imageKeeper) Stroke(vg.Path)                            {}
func (k imageKeeper) Fill(vg.Path)                              {}
func (k imageKeeper) FillString(font.Face, vg.Point, string)    {}
func (k imageKeeper) DrawImage(_ vg.Rectangle, img image.Image) { *k.got = img }

// A PDF file holds letters that code page 1252 lacks, as it does those it has.
func TestLettersOfPDF(t *testing.T) {
	size := func(name string) int {
		f, err := Raster([]Activity{{Name: name, Data: train(3, 2, 2)}}, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		return len(write(t, f, PDF))
	}
	none := size("")
	for _, name := range []string{"−−−−", "µs → s", "θθθθ"} {
		if size(name) <= none {
			t.Errorf("%q adds nothing to a PDF file", name)
		}
	}
}

func checkXML(t *testing.T, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		_, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("SVG: %v", err)
		}
	}
	text := regexp.MustCompile(`base64,[^"]*`).ReplaceAll(svg, nil)
	for _, word := range []string{"NaN", "Inf"} {
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("SVG contains %s", word)
		}
	}
}

func TestSameDataSameBytes(t *testing.T) {
	t.Parallel()
	for _, d := range drawings() {
		format := SVG
		switch {
		case d.name == "frames":
			format = PNG
		case d.name == "raster":
			format = PDF
		case strings.Contains(d.name, ","): // one of each kind
			continue
		}
		var pictures [2][]byte
		for i := range pictures {
			f, err := d.draw()
			if err != nil {
				t.Fatal(err)
			}
			pictures[i] = write(t, f, format)
		}
		if !bytes.Equal(pictures[0], pictures[1]) {
			t.Errorf("%s: two %s files of the same data differ", d.name, format)
		}
	}
}

// Names come from model files, which may hold anything.
func TestNames(t *testing.T) {
	for _, name := range []string{"", "<&>\"'", "a\x00b\nc", "\xff\xfe", "東京", strings.Repeat("W", 10000)} {
		f, err := Raster([]Activity{{Name: name, Data: train(3, 2, 2)}}, []string{name, name}, 1)
		if err != nil {
			t.Fatal(err)
		}
		f.Title = name
		write(t, f, PNG)
		checkXML(t, write(t, f, SVG))
	}
}

// Letters that the font lacks leave a sign in a PNG file; viewers of SVG have
// other fonts.
func TestMissingLetters(t *testing.T) {
	draw := func(name string, format Format) []byte {
		f, err := Raster([]Activity{{Name: "a", Data: train(3, 2, 2)}}, []string{name, name}, 1)
		if err != nil {
			t.Fatal(err)
		}
		f.Title = name
		return write(t, f, format)
	}
	const blank = "\u3000\u3000" // as wide
	if bytes.Equal(draw("零九", PNG), draw(blank, PNG)) {
		t.Error("a PNG file has no sign of letters that the font lacks")
	}
	if !bytes.Contains(draw("零九", SVG), []byte(">零九<")) {
		t.Error("an SVG file has not the letters of a name")
	}
	for text, want := range map[string]string{"a零b": "a□b", "αé−→…": "αé−→…"} {
		if got := drawable(text); got != want {
			t.Errorf("%q is drawn as %q, expected %q", text, got, want)
		}
	}
}

func TestBadData(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	two := train(2, 1, 1)
	analog := func(v float32) []Activity {
		values := spike.NewValues(1, 1)
		values.At(0)[0] = v
		return []Activity{{Data: values}}
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"no step", errOf(Neuron(train(0, 1, 0), Trace{}, 1))},
		{"two channels", errOf(Neuron(train(2, 2, 1), trace("n", 2), 1))},
		{"lengths differ", errOf(Neuron(two, trace("n", 3), 1))},
		{"spike after the end", errOf(Neuron(two, Trace{Membrane: wave(2), Spikes: []int{2}}, 1))},
		{"membrane NaN", errOf(Neuron(two, Trace{Membrane: []float32{0, nan}}, 1))},
		{"threshold infinite", errOf(Neuron(two, Trace{Membrane: wave(2), Threshold: &inf}, 1))},
		{"time step 0", errOf(Neuron(two, trace("n", 2), 0))},
		{"time step NaN", errOf(Neuron(two, trace("n", 2), model.Millis(math.NaN())))},
		{"time step too long", errOf(Neuron(two, trace("n", 2), math.MaxFloat64))},
		{"no trace", errOf(Membranes(nil, 1))},
		{"too many traces", errOf(Membranes(make([]Trace, maxRows+1), 1))},
		{"no frame", errOf(Frames(nil))},
		{"wrong size", errOf(Frames([]Frame{{Height: 2, Width: 2, Values: wave(5)}}))},
		{"size overflows", errOf(Frames([]Frame{{Height: math.MaxInt, Width: 2, Values: wave(5)}}))},
		{"frame infinite", errOf(Frames([]Frame{{Height: 1, Width: 1, Values: []float32{inf}}}))},
		{"no layer", errOf(Raster(nil, nil, 1))},
		{"no neuron", errOf(Raster([]Activity{{Data: train(1, 0, 0)}}, nil, 1))},
		{"steps differ", errOf(Raster([]Activity{{Data: two}, {Data: train(3, 1, 1)}}, nil, 1))},
		{"value NaN", errOf(Raster(analog(nan), nil, 1))},
		{"no field", errOf(Weights(nil))},
		{"shapes differ", errOf(Weights([]Frame{frame("", 2, 1, ""), frame("", 1, 2, "")}))},
		{"no kernel", errOf(Kernels(nil, nil))},
		{"no kernel in a row", errOf(Kernels([][]Frame{{}}, []string{""}))},
		{"ragged kernels", errOf(Kernels([][]Frame{{frame("", 1, 1, "")}, {}}, []string{"", ""}))},
		{"a row without a name", errOf(Kernels([][]Frame{{frame("", 1, 1, "")}}, nil))},
		{"OFF events missing", errOf(Frames([]Frame{{Height: 1, Width: 1, Values: []float32{1}, Off: []float32{}}}))},
		{"negative events", errOf(Frames([]Frame{{Height: 1, Width: 1, Values: []float32{1}, Off: []float32{-1}}}))},
		{"no run", errOf(Curves(nil))},
		{"no epoch", errOf(Curves([]Run{{}}))},
		{"epochs out of order", errOf(Curves([]Run{{Epochs: []Epoch{{Epoch: 2}, {Epoch: 1}}}}))},
		{"loss NaN", errOf(Curves([]Run{{Epochs: []Epoch{{Epoch: 1, Loss: math.NaN()}}}}))},
		{"accuracy in percent", errOf(Curves([]Run{{Epochs: []Epoch{{Epoch: 1, Test: 90}}}}))},
		{"too many runs", errOf(Curves(make([]Run, len(cycle)+1)))},
		{"no curve", errOf(Accuracy(nil, 1))},
		{"errors missing", errOf(Accuracy([]AccuracyCurve{{Mean: []float64{1}}}, 1))},
		{"error NaN", errOf(Accuracy([]AccuracyCurve{{Mean: []float64{1}, Error: []float64{math.NaN()}}}, 1))},
		{"no network", errOf(Tradeoff(nil))},
		{"no time", errOf(Tradeoff([]TradeoffCurve{{Whole: TradeoffPoint{US: 0, Accuracy: 1}}}))},
		{"accuracy in percent", errOf(Tradeoff([]TradeoffCurve{{Whole: TradeoffPoint{US: 1, Accuracy: 95}}}))},
		{"no early decision", errOf(EarlyDecisions(nil, 1))},
		{"no margin", errOf(EarlyDecisions([]EarlyCurve{{Fixed: []float64{1}}}, 1))},
		{"more steps than presented", errOf(EarlyDecisions([]EarlyCurve{{Points: []EarlyPoint{{Steps: 2}}, Fixed: []float64{1}}}, 1))},
		{"steps descend", errOf(EarlyDecisions([]EarlyCurve{{Points: []EarlyPoint{{Steps: 2}, {Steps: 1}}, Fixed: []float64{1, 1}}}, 1))},
		{"fixed accuracy NaN", errOf(EarlyDecisions([]EarlyCurve{{Points: []EarlyPoint{{Steps: 1}}, Fixed: []float64{math.NaN()}}}, 1))},
		{"empty matrix", errOf(Confusion(nil, nil))},
		{"ragged matrix", errOf(Confusion([][]int{{1, 2}, {1}}, classNames(2)))},
		{"negative count", errOf(Confusion([][]int{{-1}}, classNames(1)))},
		{"no samples", errOf(Confusion([][]int{{0}}, classNames(1)))},
		{"no output", errOf(Extrapolation(Extrapolated{Input: frame("", 1, 1, "")}, 1))},
		{"class out of range", errOf(Extrapolation(Extrapolated{Input: frame("", 1, 1, ""), Output: Activity{Data: two}, Scores: wave(1), Classes: classNames(1), Class: 1}, 1))},
		{"no spiking layer", errOf(Spikes(nil))},
		{"negative spikes", errOf(Spikes([]NetworkSpikes{{"a", 1, []LayerSpikes{{"a", 1, -1, 0}}}}))},
		{"no steps", errOf(Spikes([]NetworkSpikes{{"a", 0, []LayerSpikes{{"a", 1, 1, 0}}}}))},
		{"network without layers", errOf(Spikes([]NetworkSpikes{{"a", 1, nil}}))},
		{"channels of another length", errOf(Extrapolation(Extrapolated{Channels: Activity{Data: train(3, 2, 1)}, Output: Activity{Data: two}, Scores: wave(1), Classes: classNames(1)}, 1))},
		{"no rates", errOf(FiringRates(nil))},
		{"rates without epochs", errOf(FiringRates([]Series{{Name: "a"}}))},
		{"negative rate", errOf(Response([]Series{{"a", []float64{0}, []float64{-1}}}))},
		{"input rates descend", errOf(Response([]Series{{"a", []float64{1, 0}, []float64{1, 1}}}))},
		{"no weights", errOf(Histogram([]Weighted{{Name: "a"}}))},
		{"weight NaN", errOf(Histogram([]Weighted{{"a", []float32{float32(math.NaN())}}}))},
	} {
		if !errors.Is(c.err, ErrData) {
			t.Errorf("%s: error is %v, expected an ErrData", c.name, c.err)
		}
	}
}

func errOf(_ *Figure, err error) error { return err }

func TestSave(t *testing.T) {
	f, err := Spikes([]NetworkSpikes{{"a", 1, []LayerSpikes{{"a", 1, 1, 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"a.png", "a.SVG", "a.pdf"} {
		if err := f.Save(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"a.eps", "a", "png"} {
		name = filepath.Join(dir, name)
		if err := f.Save(name); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: error is %v, expected an ErrFormat", name, err)
		}
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if err := f.Write(io.Discard, "bmp"); !errors.Is(err, ErrFormat) {
		t.Errorf("gif: error is %v, expected an ErrFormat", err)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		count  int
		whole  bool
		want   string
	}{
		{0, 100, 11, false, "0 10 20 30 40 50 60 70 80 90 100"},
		{0, 100, 6, false, "0 20 40 60 80 100"},
		{0, 1, 6, false, "0 0.2 0.4 0.6 0.8 1.0"},
		{0.5, 3.5, 8, true, "1 2 3"},
		{-0.5, 0.5, 4, true, "0"},
		{-1.1, 0.6, 4, false, "−1.0 −0.5 0 0.5"},
		{-0.5, 4.5, 2, true, "0 4"},
		{-0.5, 299.5, 1, true, "0"},
		{-0.456, 0.456, 2, false, "−0.45 0.45"},
		{0, 2e6, 3, true, "0 1,000,000 2,000,000"},
		{0, 3e-7, 4, false, "0 1e−07 2e−07 3e−07"},
		{1e16, 1e16 + 4, 5, false, "1e+16 1e+16 1e+16 1e+16 1e+16 1e+16"},
		{1, 1, 5, false, ""},
		{0, math.Inf(1), 5, false, ""},
		{0, math.SmallestNonzeroFloat64, 5, false, ""},
	} {
		var labels []string
		for _, k := range ticksOf(c.lo, c.hi, c.count, c.whole) {
			labels = append(labels, k.label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("ticks of %v to %v: %q, expected %q", c.lo, c.hi, got, c.want)
		}
	}
}

func TestResample(t *testing.T) {
	p := picture{4, 2, func(x, y int) float64 { return float64(4*y + x) }}
	for _, c := range []struct {
		w, h int
		want []float64
	}{
		{4, 2, []float64{0, 1, 2, 3, 4, 5, 6, 7}},
		{2, 1, []float64{2.5, 4.5}},
		{1, 4, []float64{1.5, 1.5, 5.5, 5.5}},
	} {
		if got := p.resample(c.w, c.h); !slices.Equal(got, c.want) {
			t.Errorf("%d×%d: %v, expected %v", c.w, c.h, got, c.want)
		}
	}
}

// Labels of a scale do not overlap, however low it is, and there are at least
// two of them.
func TestTicksOfScale(t *testing.T) {
	for _, m := range []colorMap{newColorMap(0, 1), newColorMap(0, 0.99), newColorMap(-0.9, 0.2), newColorMap(-3, 5), newColorMap(0, 199)} {
		s := scale{colorMap: m}
		for height := vg.Length(24); height < 250; height++ {
			ticks := s.ticks(height)
			if len(ticks) < 2 {
				t.Errorf("%v to %v, %v pt high: ticks %v, expected at least two", s.lo, s.hi, height, ticks)
			}
			for i := 1; i < len(ticks); i++ {
				if gap := height * vg.Length((ticks[i].at-ticks[i-1].at)/(s.hi-s.lo)); gap < 0.8*tickSize {
					t.Errorf("%v to %v, %v pt high: %v is %.1f pt above %v", s.lo, s.hi, height, ticks[i].label, gap, ticks[i-1].label)
				}
			}
		}
	}
}

// The label of a scale that is too low for it stands in the heading, beside
// which there is room.
func TestLabelOfLowScale(t *testing.T) {
	for _, c := range []struct {
		size   int
		inName bool
	}{{2, true}, {100, false}} {
		f, err := Raster([]Activity{{Name: "a", Data: values(3, c.size), Unit: "membrane s"}}, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		svg := string(write(t, f, SVG))
		if got := strings.Contains(svg, "neurons, membrane s in colours"); got != c.inName {
			t.Errorf("%d neurons: the label is in the heading: %v, expected %v", c.size, got, c.inName)
		}
		if got := strings.Contains(svg, ">membrane s<"); got == c.inName {
			t.Errorf("%d neurons: the label is beside the scale: %v, expected %v", c.size, got, !c.inName)
		}
	}
}

// Of many points to a pixel, the lowest and the highest are drawn, in their order.
func TestThin(t *testing.T) {
	points := []vg.Point{{X: 0, Y: 1}, {X: 0.01, Y: 9}, {X: 0.02, Y: 0}, {X: 0.03, Y: 5}, {X: 0.375, Y: 2}, {X: 0.38, Y: 2}}
	want := []vg.Point{{X: 0.01, Y: 9}, {X: 0.02, Y: 0}, {X: 0.375, Y: 2}}
	if got := thin(points); !slices.Equal(got, want) {
		t.Errorf("%v is drawn as %v, expected %v", points, got, want)
	}
	few := []vg.Point{{X: 0, Y: 1}, {X: 0.375, Y: 2}}
	if got := thin(few); !slices.Equal(got, few) {
		t.Errorf("%v is drawn as %v, expected all points", few, got)
	}
}

// The key of a picture of means ends at the largest of them, not at the largest
// value.
func TestKeyOfMeans(t *testing.T) {
	const height = 100
	rows := dots(height)
	v := spike.NewValues(2, 8*rows)
	for i := 0; i < v.Size(); i += 8 {
		v.At(1)[i] = 2
	}
	a := Activity{Data: v, Unit: "value"}
	if key := a.row(nil, height, 100).key; key.lo != 0 || key.hi != 0.25 || key.label != "mean value" {
		t.Errorf("the key is %q from %v to %v, expected \"mean value\" from 0 to 0.25", key.label, key.lo, key.hi)
	}
	v = spike.NewValues(2, rows)
	v.At(1)[3] = 2
	a.Data = v
	if key := a.row(nil, height, 100).key; key.hi != 2 || key.label != "value" {
		t.Errorf("the key is %q up to %v, expected \"value\" up to 2", key.label, key.hi)
	}
}

func TestColorMap(t *testing.T) {
	signed := newColorMap(-1, 2)
	if got := signed.color(0); got != white {
		t.Errorf("0 of a range with both signs is %v, expected white", got)
	}
	if signed.lo != -2 || signed.hi != 2 {
		t.Errorf("range is %v to %v, expected −2 to 2", signed.lo, signed.hi)
	}
	for _, v := range []float64{-2, 2} {
		if !signed.dark(v) {
			t.Errorf("%v is not dark", v)
		}
	}
	if signed.color(99) != signed.color(2) || signed.color(-99) != signed.color(-2) {
		t.Error("a value out of range has not the colour of the end")
	}
	if got := newColorMap(0, 5).color(0); got != white {
		t.Errorf("0 of a range without signs is %v, expected white", got)
	}
}
