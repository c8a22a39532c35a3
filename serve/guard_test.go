package serve

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/oip"
)

// listen runs Serve and returns its address, and a function that ends it and returns
// its error.
func listen(t testing.TB, s *Server) (address string, end func() error) {
	t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, at) }()
	done := false
	end = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { end() })
	return at.Addr().String(), end
}

// ask sends a request with headers.
func ask(t testing.TB, method, url string, headers map[string]string, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header, string(text)
}

// TestToken asks without, with a wrong and with the right token, in the header and as
// a browser does.
func TestToken(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef"
	address, _ := listen(t, newServer(t, func(o *Options) { o.Token = token }))
	url := "http://" + address
	for _, c := range []struct {
		path    string
		headers map[string]string
		code    int
	}{
		{"/v2", nil, 401},
		{"/", nil, 401},
		{"/metrics", map[string]string{"Authorization": "Bearer 0123456789abcdeF"}, 401},
		{"/metrics", map[string]string{"Authorization": "Basic " + token}, 401},
		{"/metrics", map[string]string{"Authorization": "Bearer " + token}, 200},
		{"/v2", map[string]string{"Authorization": "Bearer " + token}, 200},
		{"/healthz", nil, 200},
		{"/?token=wrong", nil, 401},
		{"/v2?token=" + token, nil, 401},
		{"/", map[string]string{"Cookie": tokenCookie + "=" + token}, 200},
	} {
		if code, _, text := ask(t, http.MethodGet, url+c.path, c.headers, ""); code != c.code {
			t.Errorf("%s %v: %d %s, expected %d", c.path, c.headers, code, text, c.code)
		}
	}
	code, header, _ := ask(t, http.MethodGet, url+"/?token="+token, nil, "")
	if cookie := header.Get("Set-Cookie"); code != http.StatusSeeOther || header.Get("Location") != "/" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("%d %v", code, header)
	}
}

// TestOtherSites holds that a page of another site cannot ask a server of this machine.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	address, _ := listen(t, newServer(t))
	url := "http://" + address
	for _, c := range []struct {
		method  string
		headers map[string]string
		code    int
	}{
		{"GET", map[string]string{"Host": "evil.example"}, 403},
		{"GET", map[string]string{"Host": "evil.example:80"}, 403},
		{"GET", map[string]string{"Host": "localhost"}, 200},
		{"GET", map[string]string{"Host": "[::1]:8000"}, 200},
		{"GET", map[string]string{"Host": "127.0.0.1"}, 200},
		{"POST", map[string]string{"Origin": "http://evil.example"}, 403},
		{"POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"POST", map[string]string{"Origin": url}, 400},
	} {
		path := "/v2"
		if c.method == "POST" {
			path = "/v2/models/mnist/infer"
		}
		if code, _, text := ask(t, c.method, url+path, c.headers, "{}"); code != c.code {
			t.Errorf("%s %v: %d %s, expected %d", c.method, c.headers, code, text, c.code)
		}
	}
}

// TestLimits sends bodies beyond the limit, with and without a length.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxBody, o.MaxBodies = 4096, 6000 })
	address, _ := listen(t, s)
	url := "http://" + address + "/v2/models/mnist/infer"
	large := strings.Repeat(" ", 5000)
	if code, _, text := ask(t, http.MethodPost, url, nil, large); code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", code, text)
	}
	r, err := http.Post(url, "application/json", struct{ io.Reader }{strings.NewReader(large)})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: %d", r.StatusCode)
	}
	// Others hold what there is of room.
	s.bodies.Add(5500)
	if code, header, text := ask(t, http.MethodPost, url, nil, strings.Repeat(" ", 3000)); code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", code, text)
	}
	s.bodies.Add(-5500)
	if code, _, text := ask(t, http.MethodPost, url, nil, "{"+large[:3000]+"}"); code != http.StatusBadRequest {
		t.Errorf("%d %s", code, text)
	}
	if n := s.bodies.Load(); n != 0 {
		t.Errorf("%d bytes of bodies are left", n)
	}
}

// TestQueue holds that too many inferences at once are refused, and that those who
// wait are served.
func TestQueue(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.Queue = 1 })
	url := start(t, s)
	for range cap(s.gate.slots) { // all CPUs are busy
		s.gate.slots <- struct{}{}
	}
	body := `{"inputs":[` + image(784, `"x"`) + `]}`
	waits := make(chan int)
	go func() {
		r, err := http.Post(url+"/v2/models/mnist/infer", "application/json", strings.NewReader(body))
		if err != nil {
			waits <- 0
			return
		}
		r.Body.Close()
		waits <- r.StatusCode
	}()
	for s.gate.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if code, text := post(t, url+"/v2/models/mnist/infer", body); code != http.StatusServiceUnavailable || !strings.Contains(text, "too many requests") {
		t.Errorf("%d %s", code, text)
	}
	<-s.gate.slots
	if code := <-waits; code != http.StatusOK {
		t.Errorf("the one that waited: %d", code)
	}
}

// TestSlowClients opens connections that send half a head, half a body, or nothing:
// they are told or closed, and others are served meanwhile.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.ReadTimeout = 2 * time.Second })
	address, _ := listen(t, s)
	var conns []net.Conn
	for _, begin := range []string{
		"", "POST /v2/models/mnist/infer HTT", "POST /v2/models/mnist/infer HTTP/1.1\r\nHost: x\r\n",
		"POST /v2/models/mnist/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, begin)
		conns = append(conns, conn)
	}
	infer(t, "http://"+address, "mnist", `{"inputs":[`+image(784, `"x"`)+`]}`)
	for i, conn := range conns[:4] {
		conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("connection %d hangs", i)
			}
			continue // closed without an answer
		}
		if r.StatusCode != http.StatusRequestTimeout && r.StatusCode != http.StatusBadRequest {
			t.Errorf("connection %d: %s", i, r.Status)
		}
	}
}

// TestCrowd opens more connections than may be: those that ask nothing give way.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxConnections = 4 })
	address, _ := listen(t, s)
	for range 64 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	for range 8 {
		client := &http.Client{Transport: &http.Transport{}}
		r, err := client.Get("http://" + address + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		client.CloseIdleConnections()
	}
	if n := s.metrics.connections.Load(); n > 4 {
		t.Errorf("%d connections are open, expected at most 4", n)
	}
}

// TestReload replaces a model's file: by another network, by one that is broken, and
// by one that does not compute what its self-test says.
func TestReload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "live.msgpack")
	m := readModelFile(t, mnist)
	if err := export.WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Models: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	version := func() string {
		m, err := s.Model("live")
		if err != nil {
			t.Fatal(err)
		}
		return m.Version()
	}
	first := version()
	if r := s.Reload(false); len(r) != 0 {
		t.Errorf("a file that did not change was read: %+v", r)
	}
	m.Name = "another"
	if err := export.WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
	if r := s.Reload(false); len(r) != 1 || r[0].Err != nil || r[0].Old != first || r[0].New == first || version() != r[0].New {
		t.Errorf("%+v", r)
	}
	second := version()
	for name, change := range map[string]func() error{
		"broken": func() error { return os.WriteFile(path, []byte("no model"), 0o600) },
		"wrong self-test": func() error {
			m.SelfTest.Digest[0]++
			defer func() { m.SelfTest.Digest[0]-- }()
			return export.WriteFile(path, m)
		},
		"gone": func() error { return os.Remove(path) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		r := s.Reload(true)
		if len(r) != 1 || r[0].Err == nil || version() != second {
			t.Errorf("%s: %+v, version %s", name, r, version())
		}
		if name != "gone" && len(s.Reload(false)) != 0 {
			t.Errorf("%s: the same file was read again", name)
		}
	}
	if _, err := New(Options{Models: []string{mnist, mnist}}); err == nil || !strings.Contains(err.Error(), `would both be the model "mnist"`) {
		t.Errorf("two of a name: %v", err)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no models were taken")
	}
}

// TestEnd holds that a request that runs is answered when the server is told to end,
// and that a new one is not taken.
func TestEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	address, end := listen(t, s)
	for range cap(s.gate.slots) {
		s.gate.slots <- struct{}{}
	}
	answered := make(chan int)
	go func() {
		r, err := http.Post("http://"+address+"/v2/models/mnist/infer", "application/json", strings.NewReader(`{"inputs":[`+image(784, `"x"`)+`]}`))
		if err != nil {
			answered <- 0
			return
		}
		r.Body.Close()
		answered <- r.StatusCode
	}()
	for s.gate.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	ended := make(chan error)
	go func() { ended <- end() }()
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	<-s.gate.slots
	if code := <-answered; code != http.StatusOK {
		t.Errorf("the request that ran: %d", code)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestMetrics counts what was asked.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	infer(t, url, "mnist", `{"inputs":[`+strings.ReplaceAll(image(2*784, `"x"`), "[1,1568]", "[2,784]")+`]}`)
	post(t, url+"/v2/models/mnist/infer", "{}")
	post(t, url+"/v2/models/other/infer", "{}")
	_, text := get(t, url+"/metrics")
	for _, line := range []string{
		`snurun_requests_total{code="200",model="mnist",protocol="rest"} 1`, `snurun_requests_total{code="400",model="mnist",protocol="rest"} 1`,
		`snurun_requests_total{code="404",model="",protocol="rest"} 1`, `snurun_samples_total{model="mnist"} 2`, `snurun_queue 0`, `snurun_streams 0`,
		`snurun_request_seconds_count{model="mnist",protocol="rest"} 2`, `go_goroutines `, `snurun_model_info{kernel="`,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("no line %s", line)
		}
	}
}

// TestAnswersHeld counts answers with the bodies of requests: those that are read
// slowly stay in memory.
func TestAnswersHeld(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxBodies = 16 << 10 })
	url := start(t, s)
	request := `{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,784],"data":` + numbers(t, digits(t).At(3)) + `}]%s}`
	for outputs, code := range map[string]int{"": http.StatusOK, `,"outputs":[{"name":"membrane.1"}]`: http.StatusServiceUnavailable} {
		if got, text := post(t, url+"/v2/models/mnist/infer", fmt.Sprintf(request, outputs)); got != code {
			t.Errorf("outputs %q: %d %.200s, expected %d", outputs, got, text, code)
		}
	}
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	c := oip.NewGRPCInferenceServiceClient(&http.Client{Transport: transport}, url, connect.WithGRPC())
	for name, code := range map[string]connect.Code{"class": 0, "membrane.1": connect.CodeUnavailable} {
		_, err := c.ModelInfer(t.Context(), connect.NewRequest(&oip.ModelInferRequest{
			ModelName: "mnist", RawInputContents: [][]byte{digits(t).At(3)},
			Inputs:  []*oip.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}},
			Outputs: []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: name}},
		}))
		if code == 0 && err != nil || code != 0 && connect.CodeOf(err) != code {
			t.Errorf("output %s: %v, expected the code %v", name, err, code)
		}
	}
	if n := s.bodies.Load(); n != 0 {
		t.Errorf("%d bytes are held of requests that were answered", n)
	}
}

// TestUnseenFile tells once that there is no telling whether a model's file changed.
func TestUnseenFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "models")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "live.msgpack")
	if err := export.WriteFile(path, readModelFile(t, mnist)); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Models: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	// A file takes the place of the folder: not away for a moment, but unreadable.
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, reports := range []int{1, 0, 0} {
		if r := s.Reload(false); len(r) != reports {
			t.Errorf("look %d: %+v, expected %d reports", i, r, reports)
		}
	}
}
