package browser

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// BenchmarkPaint reports when the page is first painted, and when a run is shown.
func BenchmarkPaint(b *testing.B) {
	p := open(b, serve(b), look{})
	var first, shown []float64
	for b.Loop() {
		if err := chromedp.Do(p.ctx, chromedp.Reload()); err != nil {
			b.Fatal(err)
		}
		p.until(`performance.getEntriesByName("first-contentful-paint").length && document.getElementById("class").textContent !== "–"`)
		first = append(first, evaluate[float64](p, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
		shown = append(shown, evaluate[float64](p, `performance.now()`))
	}
	b.ReportMetric(median(first), "paint-ms")
	b.ReportMetric(median(shown), "answer-ms")
}

// BenchmarkFrames reports how long the frames of a page at play are apart, and how long
// the script takes in each.
func BenchmarkFrames(b *testing.B) {
	address := serve(b)
	for _, model := range []string{"mnist", "nmnist"} {
		b.Run(model, func(b *testing.B) {
			p := open(b, address+"/?model="+model, look{})
			p.shown()
			var apart, busy []float64
			for steps := 600; b.Loop(); steps++ { // another run each time
				times := evaluate[[][]float64](p, fmt.Sprintf(`(async () => {
					const steps = "%d";
					const set = (id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event("change")); };
					set("steps", steps);
					while (document.getElementById("time").max !== steps) await new Promise(requestAnimationFrame);
					const speed = document.getElementById("speed");
					speed.add(new Option("bench", 200));
					set("speed", 200);
					document.getElementById("restart").click();
					document.getElementById("play").click();
					const apart = [], busy = [];
					let last;
					const own = requestAnimationFrame;
					window.requestAnimationFrame = (f) => own((now) => { const start = performance.now(); f(now); busy.push(performance.now() - start); if (last !== undefined) apart.push(now - last); last = now; });
					await new Promise((resolve) => setTimeout(resolve, 2500));
					window.requestAnimationFrame = own;
					if (+document.getElementById("time").value < 300) throw new Error("it plays too slowly to be measured");
					return [apart, busy];
				})()`, steps))
				apart, busy = append(apart, times[0]...), append(busy, times[1]...)
			}
			slices.Sort(apart)
			slices.Sort(busy)
			b.ReportMetric(1000/median(apart), "frames/s")
			b.ReportMetric(apart[len(apart)*99/100], "p99-apart-ms")
			b.ReportMetric(median(busy), "script-ms")
			b.ReportMetric(busy[len(busy)*99/100], "p99-script-ms")
			b.Log(fmt.Sprintf("%d frames", len(apart)))
		})
	}
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[len(x)/2]
}
