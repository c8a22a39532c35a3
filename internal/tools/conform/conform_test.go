// Package conform holds the server against the Open Inference Protocol with the tools
// that others have: the protocol's OpenAPI file, grpcurl and curl. It builds snurun and
// asks it, and compares answers with snurun classify.
//
//	cd internal/tools/conform && go test .
package conform

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	snurun  string // the program
	address string // HOST:PORT of its server
)

const (
	mnist  = "../../../testdata/mnist.msgpack"
	nmnist = "../../../testdata/nmnist.msgpack"
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "conform")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	snurun = filepath.Join(dir, "snurun")
	build := exec.Command("go", "build", "-o", snurun, "./cmd/snurun")
	build.Dir = "../../.."
	if text, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, text)
	}
	server := exec.Command(snurun, "serve", mnist, nmnist, "--listen", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer server.Wait()
	defer server.Process.Signal(os.Interrupt)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, err
	}
	address = strings.TrimPrefix(strings.TrimSpace(line), "http://")
	return m.Run(), nil
}

// schemas are those of the protocol.
func schemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/open_inference_rest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

// digit returns an image as an input of JSON, of no digit in particular.
func digit(t *testing.T, shape string) string {
	t.Helper()
	pixels := make([]string, 784)
	for i := range pixels {
		pixels[i] = fmt.Sprint(i % 256 / (1 + i%3))
	}
	return fmt.Sprintf(`{"name":"image","datatype":"UINT8","shape":%s,"data":[%s]}`, shape, strings.Join(pixels, ","))
}

// ask sends a request and holds what comes back against a schema.
func ask(t *testing.T, all openapi3.Schemas, method, path, body string, code int, schema string) map[string]any {
	t.Helper()
	if body != "" {
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		if err := all["inference_request"].Value.VisitJSON(v); err != nil && code == http.StatusOK {
			t.Errorf("the request to %s is none of the protocol: %v", path, err)
		}
	}
	r, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %s: %v", path, text, err)
	}
	if a.StatusCode != code || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %s, %s", path, a.StatusCode, a.Header.Get("Content-Type"), text)
	}
	if schema != "" {
		if all[schema] == nil {
			t.Fatalf("the protocol has no schema %s", schema)
		}
		if err := all[schema].Value.VisitJSON(v); err != nil {
			t.Errorf("%s: %.300s is no %s: %v", path, text, schema, err)
		}
	}
	return v
}

func TestOpenAPI(t *testing.T) {
	all := schemas(t)
	ask(t, all, "GET", "/v2/health/live", "", 200, "")
	ask(t, all, "GET", "/v2/health/ready", "", 200, "")
	ask(t, all, "GET", "/v2/", "", 200, "metadata_server_response")
	ask(t, all, "GET", "/v2", "", 200, "metadata_server_response")
	for _, name := range []string{"mnist", "nmnist"} {
		m := ask(t, all, "GET", "/v2/models/"+name, "", 200, "metadata_model_response")
		version := m["versions"].([]any)[0].(string)
		at := "/v2/models/" + name + "/versions/" + version
		ask(t, all, "GET", at, "", 200, "metadata_model_response")
		ask(t, all, "GET", at+"/ready", "", 200, "")
		for _, out := range m["outputs"].([]any) {
			o := out.(map[string]any)["name"].(string)
			if name == "mnist" {
				ask(t, all, "POST", at+"/infer", fmt.Sprintf(`{"id":"a","inputs":[%s],"outputs":[{"name":%q}]}`, digit(t, "[1,784]"), o), 200, "inference_response")
			}
		}
	}
	ask(t, all, "POST", "/v2/models/mnist/infer", `{"inputs":[`+digit(t, "[1,28,28]")+`],"parameters":{"seed":3}}`, 200, "inference_response")
	ask(t, all, "POST", "/v2/models/nmnist/infer", `{"inputs":[{"name":"events","datatype":"INT32","shape":[2,4],"data":[[0,3,4,1],[2000,5,6,0]]}]}`, 200, "inference_response")
	ask(t, all, "POST", "/v2/models/mnist/infer", `{"inputs":[]}`, 400, "inference_error_response")
	ask(t, all, "GET", "/v2/models/other", "", 404, "metadata_model_error_response")
}

// classified is what snurun classify says of a file.
func classified(t *testing.T, model, file string, args ...string) (class int, scores []float64) {
	t.Helper()
	out, err := exec.Command(snurun, append([]string{"classify", model, file, "--json"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	var said struct {
		Class  int
		Scores []float64
	}
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatal(err)
	}
	return said.Class, said.Scores
}

// TestCurl sends a recording with curl, as docs/SERVE.md shows it, and compares the
// answer with classify.
func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("curl is not installed")
	}
	const file = "../../../testdata/nmnist/60009.bs2"
	class, scores := classified(t, nmnist, file)
	recording, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	size := 4 + len(recording)
	head := fmt.Sprintf(`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"parameters":{"filename":"a.bs2","binary_data_size":%d}}]}`, size)
	body := slices.Concat([]byte(head), []byte{byte(len(recording)), byte(len(recording) >> 8), byte(len(recording) >> 16), 0}, recording)
	cmd := exec.Command("curl", "-sS", "-H", fmt.Sprintf("Inference-Header-Content-Length: %d", len(head)), "--data-binary", "@-", "http://"+address+"/v2/models/nmnist/infer")
	cmd.Stdin = bytes.NewReader(body)
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	check(t, text, class, scores)
}

func check(t *testing.T, text []byte, class int, scores []float64) {
	t.Helper()
	var said struct {
		Outputs []struct {
			Name string
			Data []float64
		}
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(said.Outputs) != 2 || !slices.Equal(said.Outputs[0].Data, []float64{float64(class)}) || !slices.Equal(said.Outputs[1].Data, scores) {
		t.Errorf("%s, expected class %d and scores %v", text, class, scores)
	}
}

// grpcurl runs it and returns what it prints.
func grpcurl(t *testing.T, data string, args ...string) string {
	t.Helper()
	words := []string{"tool", "grpcurl", "-plaintext"}
	if data != "" {
		words = append(words, "-d", data)
	}
	text, err := exec.Command("go", append(append(words, address), args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("grpcurl %v: %v\n%s", args, err, text)
	}
	return string(text)
}

// TestGRPCurl asks every method, found by reflection, and compares an answer with REST.
func TestGRPCurl(t *testing.T) {
	if text := grpcurl(t, "", "list"); !strings.Contains(text, "inference.GRPCInferenceService\n") {
		t.Errorf("list: %s", text)
	}
	for method, says := range map[string]string{
		"ServerLive": `"live": true`, "ServerReady": `"ready": true`, "ServerMetadata": `"name": "snurun"`,
	} {
		if text := grpcurl(t, "", "inference.GRPCInferenceService/"+method); !strings.Contains(text, says) {
			t.Errorf("%s: %s", method, text)
		}
	}
	if text := grpcurl(t, `{"name":"mnist"}`, "inference.GRPCInferenceService/ModelReady"); !strings.Contains(text, `"ready": true`) {
		t.Errorf("ModelReady: %s", text)
	}
	if text := grpcurl(t, `{"name":"mnist"}`, "inference.GRPCInferenceService/ModelMetadata"); !strings.Contains(text, `"platform": "snurun_msgpack"`) {
		t.Errorf("ModelMetadata: %s", text)
	}
	rest := ask(t, schemas(t), "POST", "/v2/models/mnist/infer", `{"inputs":[`+digit(t, "[1,784]")+`]}`, 200, "inference_response")
	data := digit(t, "[1,784]")
	pixels := data[strings.Index(data, `"data":`)+7 : len(data)-1]
	text := grpcurl(t, fmt.Sprintf(`{"model_name":"mnist","inputs":[{"name":"image","datatype":"UINT8","shape":[1,784],"contents":{"uint_contents":%s}}]}`, pixels), "inference.GRPCInferenceService/ModelInfer")
	var said struct {
		Outputs []struct {
			Contents struct {
				Int64Contents []string
				Fp32Contents  []float64
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	outputs := rest["outputs"].([]any)
	class, scores := outputs[0].(map[string]any)["data"].([]any), outputs[1].(map[string]any)["data"].([]any)
	if len(said.Outputs) != 2 || fmt.Sprint(said.Outputs[0].Contents.Int64Contents[0]) != fmt.Sprint(class[0]) || fmt.Sprint(said.Outputs[1].Contents.Fp32Contents) != fmt.Sprint(scores) {
		t.Errorf("gRPC %s, REST %v", text, outputs)
	}
}
