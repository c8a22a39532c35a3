package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

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

// grpc returns what asks for a digit by gRPC over a connection of its own, in the least
// of HTTP/2 (RFC 9113): a library's client costs more than the server.
func grpc(ctx context.Context, o *options, _ int) (func(i int) error, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	head := hpackOf(
		":method", "POST", ":scheme", "http", ":authority", o.host,
		":path", oip.GRPCInferenceServiceModelInferProcedure, "content-type", "application/grpc", "te", "trailers")
	messages := make([][]byte, 32)
	for i := range messages {
		m, err := proto.Marshal(&oip.ModelInferRequest{
			ModelName:        o.model,
			Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "UINT8", Shape: []int64{1, 784}}},
			RawInputContents: [][]byte{o.digits.At(i)},
		})
		if err != nil {
			return nil, err
		}
		messages[i] = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))), m...)
	}
	out := bufio.NewWriterSize(conn, 64<<10)
	frames := http2.NewFramer(out, bufio.NewReader(conn))
	frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := out.WriteString(http2.ClientPreface); err != nil {
		return nil, err
	}
	if err := errors.Join(frames.WriteSettings(), frames.WriteWindowUpdate(0, 1<<30)); err != nil {
		return nil, err
	}
	stream := uint32(1)
	return func(i int) error {
		id := stream
		stream += 2
		err := errors.Join(
			frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head, EndHeaders: true}),
			frames.WriteData(id, true, messages[i%len(messages)]),
			out.Flush())
		if err != nil {
			return err
		}
		return readTrailer(frames, id)
	}, nil
}

// readTrailer reads frames up to the end of a stream, whose status it returns as an
// error unless it is 0.
func readTrailer(frames *http2.Framer, id uint32) error {
	for {
		f, err := frames.ReadFrame()
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = frames.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				err = frames.WritePing(true, f.Data)
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			err = fmt.Errorf("the server ended the stream: %v", f)
		case *http2.MetaHeadersFrame:
			if f.StreamID != id || !f.StreamEnded() {
				continue
			}
			for _, h := range f.Fields {
				if h.Name == "grpc-status" && h.Value == "0" {
					return nil
				}
			}
			return fmt.Errorf("status of the answer: %v", f.Fields)
		}
		if err != nil {
			return err
		}
	}
}

// hpackOf encodes names and values of a head without a table, so that each request can
// send the same bytes.
func hpackOf(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0)
	for i := 0; i < len(pairs); i += 2 {
		e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1], Sensitive: true})
	}
	return b.Bytes()
}
