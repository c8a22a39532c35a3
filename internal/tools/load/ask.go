package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/snurun/snurun/internal/oip"
)

// rest returns what asks for a digit over a connection of its own, in the least of
// HTTP/1.1.
func rest(ctx context.Context, o *options, _ int) (func(i int) error, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	requests := make([][]byte, 32)
	for i := range requests {
		var body bytes.Buffer
		body.WriteString(`{"inputs":[{"name":"image","shape":[1,784],"datatype":"UINT8","data":[`)
		for j, v := range o.digits.At(i) {
			if j > 0 {
				body.WriteByte(',')
			}
			body.WriteString(strconv.Itoa(int(v)))
		}
		body.WriteString("]}]}")
		requests[i] = fmt.Appendf(nil, "POST /v2/models/%s/infer HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", o.model, o.host, body.Len(), &body)
	}
	in := bufio.NewReader(conn)
	return func(i int) error {
		if _, err := conn.Write(requests[i%len(requests)]); err != nil {
			return err
		}
		status, text, err := readAnswer(in)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", status, text)
		}
		return err
	}, nil
}

// readAnswer reads an answer that states its length.
func readAnswer(in *bufio.Reader) (status int, body string, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, "", err
	}
	if len(line) < 12 {
		return 0, "", fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, "", err
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return status, "", err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(strings.TrimSpace(string(value))); err != nil {
				return status, "", err
			}
		}
	}
	if length < 0 {
		return status, "", errors.New("an answer without a length")
	}
	if status == http.StatusOK {
		_, err = in.Discard(length)
		return status, "", err
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(length)))
	return status, string(text), err
}

// grpc returns what asks for a digit by gRPC, over a connection of its own.
func grpc(_ context.Context, o *options, _ int) (func(i int) error, error) {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	client := oip.NewGRPCInferenceServiceClient(&http.Client{Transport: transport}, o.url, connect.WithGRPC())
	return func(i int) error {
		request := &oip.ModelInferRequest{
			ModelName:        o.model,
			Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}},
			RawInputContents: [][]byte{o.digits.At(i % o.digits.Count)},
		}
		_, err := client.ModelInfer(context.Background(), connect.NewRequest(request))
		return err
	}, nil
}
