package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/snurun/snurun/internal/oip"
)

// junk sends requests that were changed at random, JSON, protocol buffers and heads of
// HTTP, and fails at an answer that does not come, or one of 5xx, but for those to a
// head that asks for another version of HTTP or an unknown coding.
func junk(ctx context.Context, o *options) error {
	var lock sync.Mutex
	var failed error
	statuses := map[int]int{}
	var wait sync.WaitGroup
	start := time.Now()
	for n := range o.connections {
		wait.Go(func() {
			err := throw(ctx, o, n, func(status int) {
				lock.Lock()
				statuses[status]++
				lock.Unlock()
			})
			lock.Lock()
			failed = cmp.Or(failed, err)
			lock.Unlock()
		})
	}
	wait.Wait()
	fmt.Printf("junk  %d requests in %v, answers by status (0: closed): %v\n", o.count, time.Since(start).Round(time.Second), statuses)
	return failed
}

// patience is how long an answer may take before it counts as one that hangs.
const patience = 30 * time.Second

func throw(ctx context.Context, o *options, number int, count func(status int)) error {
	r := rand.New(rand.NewPCG(o.seed, uint64(number)))
	var conn net.Conn
	var in *bufio.Reader
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for i := number; i < o.count && ctx.Err() == nil; i += o.connections {
		if conn == nil {
			var err error
			if conn, err = new(net.Dialer).DialContext(ctx, "tcp", o.host); err != nil {
				return err
			}
			in = bufio.NewReader(conn)
		}
		request, ends := mangled(r, o)
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := conn.Write(request); err != nil {
			conn.Close()
			conn = nil
			count(0)
			continue
		}
		if ends { // nothing of the request is left to come, and no next one follows
			conn.(*net.TCPConn).CloseWrite()
		}
		status, _, err := readAnswer(in)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return fmt.Errorf("no answer within %v to %.300q", patience, request)
		}
		count(status)
		// What HTTP has for a version or a coding of bodies that there is not.
		other := status == http.StatusHTTPVersionNotSupported || status == http.StatusNotImplemented
		if status >= 500 && !other {
			return fmt.Errorf("status %d for %.300q", status, request)
		}
		if err != nil || ends {
			conn.Close()
			conn = nil
		}
	}
	return nil
}

// mangled returns a request that was changed somewhere, and whether what it says of
// its length may be wrong.
func mangled(r *rand.Rand, o *options) (request []byte, ends bool) {
	path, kind := fmt.Sprintf("/v2/models/%s/infer", o.model), "application/json"
	var body []byte
	if r.IntN(3) == 0 {
		path, kind = "/inference.GRPCInferenceService/ModelInfer", "application/proto"
		body, _ = proto.Marshal(&oip.ModelInferRequest{
			ModelName:        o.model,
			Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}},
			Parameters:       map[string]*oip.InferParameter{"seed": {ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: 3}}},
			RawInputContents: [][]byte{o.digits.At(r.IntN(o.digits.Count))},
		})
	} else {
		body = fmt.Appendf(nil, `{"id":"%d","parameters":{"seed":3,"steps":10},"inputs":[{"name":"spikes","datatype":"UINT8","shape":[1,2,784],"parameters":{},"data":[`, r.Uint32())
		for j := range 2 * 784 {
			if j > 0 {
				body = append(body, ',')
			}
			body = append(body, '0'+byte(r.IntN(2)))
		}
		body = append(body, `]}],"outputs":[{"name":"class"},{"name":"spikes.1","parameters":{"binary_data":true}}]}`...)
	}
	body = change(r, body)
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, o.host, kind, len(body))
	if r.IntN(8) == 0 {
		return append(change(r, head), body...), true
	}
	return append(head, body...), false
}

// change changes some bytes: others in their place, some left out, some twice, the
// end cut off.
func change(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			return b
		}
		i := r.IntN(len(b))
		// Most of a body is numbers; what is before and behind them matters more.
		if r.IntN(2) == 0 {
			i = min(i, r.IntN(200))
		}
		switch r.IntN(6) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] ^= 1 << r.IntN(8)
		case 2:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(8)):]...)
		case 3:
			b = append(b[:i:i], append([]byte(words[r.IntN(len(words))]), b[i:]...)...)
		case 4:
			j := min(len(b), i+1+r.IntN(32))
			b = append(b[:j:j], b[i:]...)
		default:
			b = b[:i]
		}
	}
	return b
}

var words = []string{
	"-1", "1e999", "18446744073709551616", "null", "true", `"`, "{", "[", "]", "}", ",", ":", "[[[[[[[[[[", "\\u0000", "\xff", "0", "NaN", `"data":[]`, `"shape":[2147483647,2147483647]`,
	`"datatype":"BYTES"`, `"steps":1048576`, `"margin":"auto"`, `"binary_data_size":99`, "\r\n", "Transfer-Encoding: chunked\r\n", "Inference-Header-Content-Length: 9\r\n", "Content-Length: 99999999\r\n",
}
