package serve

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// malformed are requests to the model mnist that must be refused, and what the error
// says.
var malformed = []struct{ body, says string }{
	{``, "expected '{', found the end"},
	{`[]`, "expected '{', found '['"},
	{`{}`, "expected one input"},
	{`{"inputs":[]}`, "expected one input, one of image, intensity, spikes, file, found 0"},
	{`{"inputs":[{}]}`, "an input has no name"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2]}]}`, `input "x" has no data`},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1]}]}`, "has 1 elements, its shape [1 2] asks for 2"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2,3]}]}`, "more elements than the 2 of its shape"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]}`, `model "mnist" takes image UINT8 [-1 784]`},
	{`{"inputs":[{"name":"x","datatype":"FP16","shape":[1,2],"data":[1,2]}]}`, `datatype "FP16", expected UINT8`},
	{`{"inputs":[{"name":"x","datatype":"UINT8","shape":[1,2],"data":[1,256]}]}`, "256 is no UINT8"},
	{`{"inputs":[{"name":"x","datatype":"UINT8","shape":[1,2],"data":[1,-1]}]}`, "-1 is no UINT8"},
	{`{"inputs":[{"name":"x","datatype":"INT32","shape":[1,2],"data":[1,2147483648]}]}`, "2147483648 is no INT32"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,1e39]}]}`, "1e39 is no FP32"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,null]}]}`, "expected a number, found 'n'"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":7}]}`, "expected an array, found '7'"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[],"data":[]}]}`, "a shape of 0 dimensions"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[0],"data":[]}]}`, "expected sizes of at least 1"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[-1],"data":[]}]}`, "expected sizes of at least 1"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[65536,65536],"data":[]}]}`, "at most 536870911 elements"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1.5],"data":[]}]}`, "expected a whole number, found 1.5"},
	{`{"inputs":[{"name":"x","name":"y"}]}`, `"name" is given twice`},
	{`{"inputs":[{"name":7}]}`, "name: expected a string"},
	{`{"id":7}`, "id: expected a string"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}`, "binary_data_size is 8, 0 bytes are left"},
	{`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":-8}}]}`, "binary_data_size is -8"},
	{`{"parameters":{"seed":-1}}`, "parameter seed is -1, expected a whole number from 0 to"},
	{`{"parameters":{"seed":1.5}}`, "parameter seed is 1.5"},
	{`{"parameters":{"steps":1048577}}`, "parameter steps is 1048577"},
	{`{"parameters":{"margin":"much"}}`, "parameter margin is much"},
	{`{"parameters":{"margin":-1}}`, "parameter margin is -1"},
	{`{"parameters":` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 70) + `}`, "nest more than 64 deep"},
	{`{"inputs":[` + image(784, `"x"`) + `],"outputs":[{"name":"spikes.9"}]}`, `no output "spikes.9", expected one of class, scores`},
	{`{"inputs":[` + image(784, `"x"`) + `],"outputs":[{"name":"class"},{"name":"class"}]}`, "asked for twice"},
	{`{"inputs":[` + image(784, `"x"`) + `,` + image(784, `"x"`) + `]}`, "expected one input"},
	{`{"inputs":[` + image(784, `"x"`) + `]} x`, "expected the end of the request, found 'x'"},
	{`{"inputs":[` + image(784, `"x"`) + `],"parameters":{"steps":1000000}}`, "1000000 time steps of 784 channels take more than"},
	{`{"inputs":[` + image(784, `"x"`) + `],"parameters":{"steps":100000},"outputs":[{"name":"membrane.0"}]}`, "the outputs that are asked for take more than"},
	{`{"inputs":[{"name":"spikes","datatype":"UINT8","shape":[1,1,784],"data":[2` + strings.Repeat(`,0`, 783) + `]}]}`, "channel 0 of step 0 is 2, expected 0 or 1"},
	{`{"inputs":[{"name":"intensity","datatype":"FP32","shape":[1,784],"data":[1.5` + strings.Repeat(`,0`, 783) + `]}]}`, "intensity 0 is 1.5, expected 0 to 1"},
	{`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"data":["what"]}]}`, "neither IDX images"},
	{`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"data":["*"],"parameters":{"content_type":"base64"}}]}`, "illegal base64"},
	{`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"data":["H4sIAAAA"],"parameters":{"content_type":"base64"}}]}`, "is packed, expected the file as it is unpacked"},
	{`{"inputs":[{"name":"file","datatype":"BYTES","shape":[2],"data":["a"]}]}`, "has 1 elements"},
	{`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"data":[1]}]}`, "expected a string"},
}

// image is an input with so many black pixels.
func image(n int, name string) string {
	return fmt.Sprintf(`{"name":%s,"datatype":"UINT8","shape":[1,%d],"data":[0%s]}`, name, n, strings.Repeat(",0", n-1))
}

// TestMalformed holds that each is refused with a word on why, and harms no other.
func TestMalformed(t *testing.T) {
	t.Parallel()
	url := start(t, newServer(t))
	for _, c := range malformed {
		code, text := post(t, url+"/v2/models/mnist/infer", c.body)
		var a answer
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Errorf("%.200s: %d %s: %v", c.body, code, text, err)
			continue
		}
		if code != http.StatusBadRequest && code != http.StatusRequestEntityTooLarge || !strings.Contains(a.Error, c.says) {
			t.Errorf("%.200s: %d %q, expected %q", c.body, code, a.Error, c.says)
		}
	}
	infer(t, url, "mnist", `{"inputs":[`+image(784, `"x"`)+`]}`)
}

// TestMalformedBody sends bodies whose coding is broken, in both forms: they are the
// client's fault.
func TestMalformedBody(t *testing.T) {
	t.Parallel()
	address, _ := listen(t, newServer(t))
	for path, kind := range map[string]string{"/v2/models/mnist/infer": "application/json", "/inference.GRPCInferenceService/ModelInfer": "application/proto"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\nwhat\r\n", path, kind)
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}
