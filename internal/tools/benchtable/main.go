// Command benchtable turns the output of the benchmarks, run several times,
// into the tables of the README:
//
//	go test -run - -cpu 1 -count 5 -bench 'Classify/|DenseVek|LoadBandwidth|Accumulate' . ./asm | go run ./internal/tools/benchtable
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	runs := map[string][]float64{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		for k := 2; k+1 < len(fields); k += 2 {
			if v, err := strconv.ParseFloat(fields[k], 64); err == nil {
				key := fields[0] + " " + fields[k+1]
				runs[key] = append(runs[key], v)
			}
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	median := func(key string) float64 {
		v := runs[key]
		if len(v) == 0 {
			return 0
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	fmt.Println("| µs a sample | streaming | all steps known | batch of 128 | dense, vek32 Dot | dense, vek32 MatMul | known is faster than Dot by |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|")
	for _, net := range []string{"A", "B", "C"} {
		us := func(key, unit string) float64 {
			return median(fmt.Sprintf("Benchmark%s %s", strings.ReplaceAll(key, "NET", net), unit)) / 1e3
		}
		known, dot := us("Classify/net=NET/plan=known", "ns/sample"), us("DenseVek/net=NET/form=Dot", "ns/op")
		fmt.Printf("| %s | %.1f | %.1f | %.1f | %.0f | %.0f | %.1f× |\n", net,
			us("Classify/net=NET/plan=streaming", "ns/sample"), known, us("Classify/net=NET/plan=batch", "ns/sample"),
			dot, us("DenseVek/net=NET/form=MatMul", "ns/op"), dot/known)
	}
}
