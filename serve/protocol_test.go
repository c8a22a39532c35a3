package serve

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/oip"
)

// client returns one of gRPC over HTTP/2 without TLS.
func client(t testing.TB, url string) oip.GRPCInferenceServiceClient {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return oip.NewGRPCInferenceServiceClient(&http.Client{Transport: transport}, url, connect.WithGRPC())
}

// TestMetadata compares what both forms of the protocol say of server and models.
func TestMetadata(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	c, ctx := client(t, url), context.Background()
	for path, want := range map[string]string{
		"/v2": `{"name":"snurun","version":"v0","extensions":["binary_tensor_data"]}`, "/v2/": `{"name":"snurun","version":"v0","extensions":["binary_tensor_data"]}`,
		"/v2/health/live": `{"live":true}`, "/v2/health/ready": `{"ready":true}`, "/v2/models/mnist/ready": `{"name":"mnist","ready":true}`, "/healthz": "ok",
	} {
		if code, text := get(t, url+path); code != http.StatusOK || text != want+"\n" {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	m, err := s.Model("nmnist")
	if err != nil {
		t.Fatal(err)
	}
	_, text := get(t, url+"/v2/models/nmnist/versions/"+m.Version())
	var rest modelMetadata
	if err := json.Unmarshal([]byte(text), &rest); err != nil {
		t.Fatal(err)
	}
	r, err := c.ModelMetadata(ctx, connect.NewRequest(&oip.ModelMetadataRequest{Name: "nmnist", Version: m.Version()}))
	if err != nil {
		t.Fatal(err)
	}
	got := modelMetadata{Name: r.Msg.Name, Versions: r.Msg.Versions, Platform: r.Msg.Platform, Properties: r.Msg.Properties}
	for _, list := range []struct {
		from []*oip.ModelMetadataResponse_TensorMetadata
		to   *[]tensorMetadata
	}{{r.Msg.Inputs, &got.Inputs}, {r.Msg.Outputs, &got.Outputs}} {
		for _, in := range list.from {
			shape := make([]int, len(in.Shape))
			for i, d := range in.Shape {
				shape[i] = int(d)
			}
			*list.to = append(*list.to, tensorMetadata{in.Name, in.Datatype, shape})
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(rest) || len(rest.Inputs) != 3 || rest.Inputs[0].Name != inEvents {
		t.Errorf("REST %+v\ngRPC %+v", rest, got)
	}
	if r, err := c.ServerLive(ctx, connect.NewRequest(&oip.ServerLiveRequest{})); err != nil || !r.Msg.Live {
		t.Errorf("live: %v", err)
	}
	if r, err := c.ServerReady(ctx, connect.NewRequest(&oip.ServerReadyRequest{})); err != nil || !r.Msg.Ready {
		t.Errorf("ready: %v", err)
	}
	if r, err := c.ModelReady(ctx, connect.NewRequest(&oip.ModelReadyRequest{Name: "mnist"})); err != nil || !r.Msg.Ready {
		t.Errorf("model ready: %v", err)
	}
	if r, err := c.ServerMetadata(ctx, connect.NewRequest(&oip.ServerMetadataRequest{})); err != nil || r.Msg.Name != "snurun" || r.Msg.Version != "v0" {
		t.Errorf("metadata: %v", err)
	}
	for _, path := range []string{"/v2/models/x", "/v2/models/x/ready", "/v2/models/mnist/versions/1", "/v2/models/mnist/versions/1/ready"} {
		if code, text := get(t, url+path); code != http.StatusNotFound || !strings.Contains(text, "no such model") {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	if _, err := c.ModelReady(ctx, connect.NewRequest(&oip.ModelReadyRequest{Name: "x"})); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("unknown model: %v", err)
	}
}

// TestInferGRPC compares gRPC, with contents and raw, with the answers of REST.
func TestInferGRPC(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	c := client(t, url)
	image := digits(t).At(5)
	wide := make([]uint32, len(image))
	for i, v := range image {
		wide[i] = uint32(v)
	}
	var scores []float32
	infer(t, url, "mnist", `{"parameters":{"seed":9},"inputs":[{"name":"image","datatype":"UINT8","shape":[1,784],"data":`+numbers(t, image)+`}]}`).data(t, outScores, &scores)
	seed := map[string]*oip.InferParameter{"seed": {ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: 9}}}
	tensor := func() *oip.ModelInferRequest_InferInputTensor {
		return &oip.ModelInferRequest_InferInputTensor{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}
	}
	plain := &oip.ModelInferRequest{ModelName: "mnist", Id: "7", Parameters: seed, Inputs: []*oip.ModelInferRequest_InferInputTensor{tensor()}}
	plain.Inputs[0].Contents = &oip.InferTensorContents{UintContents: wide}
	r, err := c.ModelInfer(context.Background(), connect.NewRequest(plain))
	if err != nil {
		t.Fatal(err)
	}
	if r.Msg.Id != "7" || len(r.Msg.Outputs) != 2 || !slices.Equal(r.Msg.Outputs[1].Contents.Fp32Contents, scores) || r.Msg.Outputs[0].Contents.Int64Contents[0] != int64(best(scores)) {
		t.Errorf("%v, expected scores %v", r.Msg, scores)
	}
	raw := &oip.ModelInferRequest{ModelName: "mnist", Parameters: seed, Inputs: []*oip.ModelInferRequest_InferInputTensor{tensor()}, RawInputContents: [][]byte{image}}
	raw.Outputs = []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: outScores}, {Name: outName}}
	if r, err = c.ModelInfer(context.Background(), connect.NewRequest(raw)); err != nil {
		t.Fatal(err)
	}
	if got := floats(r.Msg.RawOutputContents[0]); !slices.Equal(got, scores) {
		t.Errorf("raw scores %v, expected %v", got, scores)
	}
	if want := fmt.Appendf(nil, "\x01\x00\x00\x00%d", best(scores)); !bytes.Equal(r.Msg.RawOutputContents[1], want) {
		t.Errorf("raw name %q, expected %q", r.Msg.RawOutputContents[1], want)
	}
	for name, change := range map[string]func(r *oip.ModelInferRequest){
		"no input":      func(r *oip.ModelInferRequest) { r.Inputs, r.RawInputContents = nil, nil },
		"too few bytes": func(r *oip.ModelInferRequest) { r.RawInputContents[0] = image[1:] },
		"two raw":       func(r *oip.ModelInferRequest) { r.RawInputContents = append(r.RawInputContents, image) },
		"both":          func(r *oip.ModelInferRequest) { r.Inputs[0].Contents = &oip.InferTensorContents{UintContents: wide} },
		"type":          func(r *oip.ModelInferRequest) { r.Inputs[0].Datatype = "FP16" },
		"shape":         func(r *oip.ModelInferRequest) { r.Inputs[0].Shape = []int64{1 << 40, 1 << 40} },
		"uint": func(r *oip.ModelInferRequest) {
			r.RawInputContents = nil
			r.Inputs[0].Contents = &oip.InferTensorContents{UintContents: slices.Repeat([]uint32{256}, 784)}
		},
	} {
		bad := &oip.ModelInferRequest{ModelName: "mnist", Inputs: []*oip.ModelInferRequest_InferInputTensor{tensor()}, RawInputContents: [][]byte{image}}
		change(bad)
		if _, err := c.ModelInfer(context.Background(), connect.NewRequest(bad)); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func best(scores []float32) int { return slices.Index(scores, slices.Max(scores)) }

func floats(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}

// TestInferBinary sends and asks for raw tensors behind the JSON.
func TestInferBinary(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	m, err := s.Model("mnist")
	if err != nil {
		t.Fatal(err)
	}
	image := digits(t).At(5)
	x := m.net.Input().New(m.net.Steps())
	if err := m.encoder.Encode(x, image, evaluate.Key(1, 0)); err != nil {
		t.Fatal(err)
	}
	want, err := m.net.NewSession().Classify(x)
	if err != nil {
		t.Fatal(err)
	}
	head := `{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,784],"parameters":{"binary_data_size":784}}],"outputs":[{"name":"scores","parameters":{"binary_data":true}},{"name":"class"}]}`
	r, err := http.NewRequest(http.MethodPost, url+"/v2/models/mnist/infer", io.MultiReader(strings.NewReader(head), bytes.NewReader(image)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(headerLength, fmt.Sprint(len(head)))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", a.StatusCode, body, err)
	}
	n := 0
	if _, err := fmt.Sscan(a.Header.Get(headerLength), &n); err != nil || n > len(body) {
		t.Fatalf("%v %v", a.Header, err)
	}
	var said struct {
		Outputs []struct {
			Name       string
			Parameters map[string]int
			Data       []int
		}
	}
	if err := json.Unmarshal(body[:n], &said); err != nil {
		t.Fatal(err)
	}
	if got := floats(body[n:]); !slices.Equal(got, want.Scores) || said.Outputs[0].Parameters["binary_data_size"] != 40 || !slices.Equal(said.Outputs[1].Data, []int{want.Class}) {
		t.Errorf("%s, scores %v, expected %v", body[:n], got, want.Scores)
	}
}

// TestCancelled holds that a request whose client has gone ends before its samples.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	m, err := s.Model("mnist")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := s.newCall()
	if err := c.request.readJSON([]byte(`{"parameters":{"steps":5000},"inputs":[` + strings.Replace(image(784, `"x"`), "[1,784]", "[1,784]", 1) + `]}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.inference.run(ctx, s.gate, m, &c.request); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected %v", err, context.Canceled)
	}
}

// TestPackedBodies counts requests that are compressed as what they may become.
func TestPackedBodies(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxBodies = 16 << 10 })
	url := start(t, s)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	for _, packed := range []bool{false, true} {
		options := []connect.ClientOption{connect.WithGRPC()}
		if packed {
			options = append(options, connect.WithSendGzip())
		}
		c := oip.NewGRPCInferenceServiceClient(&http.Client{Transport: transport}, url, options...)
		_, err := c.ModelInfer(t.Context(), connect.NewRequest(&oip.ModelInferRequest{
			ModelName: "mnist", RawInputContents: [][]byte{make([]byte, 784)},
			Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}},
		}))
		if want := connect.CodeUnavailable; packed && connect.CodeOf(err) != want || !packed && err != nil {
			t.Errorf("packed %v: %v", packed, err)
		}
	}
	if n := s.bodies.Load(); n != 0 {
		t.Errorf("%d bytes are held of requests that were answered", n)
	}
}
