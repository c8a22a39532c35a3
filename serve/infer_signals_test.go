package serve

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/spike"
)

// TestInferSignals: values of a sensor, and the file that they are in, are answered as
// evaluate decides.
func TestInferSignals(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.Models = []string{"../testdata/wand.msgpack"} })
	url := start(t, s)
	m, err := s.Model("wand")
	if err != nil {
		t.Fatal(err)
	}
	const path = "../testdata/drawn-8.csv"
	source, err := dataset.Open(path, m.net.Model())
	if err != nil {
		t.Fatal(err)
	}
	set := evaluate.All(source)
	set.Draw = 1
	want := outcomes(t, m.net, set, evaluate.Options{})
	if want[0].Result.Class != 8 {
		t.Errorf("class %d", want[0].Result.Class)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const outputs = `"outputs":[{"name":"class"},{"name":"scores"},{"name":"name"},{"name":"steps"},{"name":"spikes"},{"name":"synops"}]`
	file, err := json.Marshal(string(text))
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, infer(t, url, "wand", fmt.Sprintf(`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"parameters":{"filename":"a.csv"},"data":[%s]}],%s}`, file, outputs)), want)
	rows, err := dataset.ReadRows(strings.NewReader(string(text)), path, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	values, err := json.Marshal(rows.Data())
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, infer(t, url, "wand", fmt.Sprintf(`{"inputs":[{"name":"values","datatype":"FP32","shape":[1,%d,2],"data":%s}],%s}`, rows.Steps(), values, outputs)), want)
	x := spike.NewTrain(rows.Steps(), 4)
	if err := source.Load(x, 0, dataset.Key{}); err != nil {
		t.Fatal(err)
	}
	bits := make([]byte, 4*x.Steps())
	for step := range x.Steps() {
		for i := range x.At(step).All() {
			bits[4*step+i] = 1
		}
	}
	checkOutcomes(t, infer(t, url, "wand", fmt.Sprintf(`{"inputs":[{"name":"spikes","datatype":"UINT8","shape":[1,%d,4],"data":%s}],%s}`, x.Steps(), numbers(t, bits), outputs)), want)
	for _, bad := range []string{`{"name":"values","datatype":"FP32","shape":[1,1,3],"data":[1,2,3]}`, `{"name":"e","datatype":"INT32","shape":[1,4],"data":[1,2,3,1]}`} {
		if code, answer := post(t, url+"/v2/models/wand/infer", fmt.Sprintf(`{"inputs":[%s]}`, bad)); code != 400 || !strings.Contains(answer, "values FP32 [-1 -1 2]") {
			t.Errorf("%s: %d %s", bad, code, answer)
		}
	}
}
