package serve

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/protobuf/proto"

	"github.com/snurun/snurun/internal/oip"
)

// grpcService is the gRPC form of the protocol.
type grpcService struct{ s *Server }

// grpcRoutes adds the service, and the one that describes it to tools.
func (s *Server) grpcRoutes(mux *http.ServeMux) {
	limit := connect.WithReadMaxBytes(s.o.MaxBody)
	mux.Handle(oip.NewGRPCInferenceServiceHandler(grpcService{s}, limit))
	names := grpcreflect.NewStaticReflector(oip.GRPCInferenceServiceName)
	mux.Handle(grpcreflect.NewHandlerV1(names, limit))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(names, limit))
}

func (g grpcService) ServerLive(context.Context, *connect.Request[oip.ServerLiveRequest]) (*connect.Response[oip.ServerLiveResponse], error) {
	return connect.NewResponse(&oip.ServerLiveResponse{Live: true}), nil
}

func (g grpcService) ServerReady(context.Context, *connect.Request[oip.ServerReadyRequest]) (*connect.Response[oip.ServerReadyResponse], error) {
	return connect.NewResponse(&oip.ServerReadyResponse{Ready: true}), nil
}

func (g grpcService) ModelReady(_ context.Context, r *connect.Request[oip.ModelReadyRequest]) (*connect.Response[oip.ModelReadyResponse], error) {
	if _, err := g.s.models.get(r.Msg.Name, r.Msg.Version); err != nil {
		return nil, grpcError(err)
	}
	return connect.NewResponse(&oip.ModelReadyResponse{Ready: true}), nil
}

func (g grpcService) ServerMetadata(context.Context, *connect.Request[oip.ServerMetadataRequest]) (*connect.Response[oip.ServerMetadataResponse], error) {
	m := g.s.metadata()
	return connect.NewResponse(&oip.ServerMetadataResponse{Name: m.Name, Version: m.Version, Extensions: m.Extensions}), nil
}

func (g grpcService) ModelMetadata(_ context.Context, r *connect.Request[oip.ModelMetadataRequest]) (*connect.Response[oip.ModelMetadataResponse], error) {
	m, err := g.s.models.get(r.Msg.Name, r.Msg.Version)
	if err != nil {
		return nil, grpcError(err)
	}
	data := m.metadata()
	return connect.NewResponse(&oip.ModelMetadataResponse{
		Name: data.Name, Versions: data.Versions, Platform: data.Platform,
		Inputs: grpcTensors(data.Inputs), Outputs: grpcTensors(data.Outputs), Properties: data.Properties,
	}), nil
}

func grpcTensors(list []tensorMetadata) []*oip.ModelMetadataResponse_TensorMetadata {
	tensors := make([]*oip.ModelMetadataResponse_TensorMetadata, len(list))
	for i, t := range list {
		shape := make([]int64, len(t.Shape))
		for j, d := range t.Shape {
			shape[j] = int64(d)
		}
		tensors[i] = &oip.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: t.Datatype, Shape: shape}
	}
	return tensors
}

func (g grpcService) ModelInfer(ctx context.Context, r *connect.Request[oip.ModelInferRequest]) (*connect.Response[oip.ModelInferResponse], error) {
	start, s := time.Now(), g.s
	m, err := s.models.get(r.Msg.ModelName, r.Msg.ModelVersion)
	if err != nil {
		s.done(nil, viaGRPC, statusOf(err), start, work{})
		return nil, grpcError(err)
	}
	c := s.newCall()
	defer s.free(c)
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	err = c.request.readProto(r.Msg)
	var outputs []tensor
	if err == nil {
		outputs, err = c.inference.run(ctx, s.gate, m, &c.request)
	}
	if err != nil {
		s.done(m, viaGRPC, statusOf(err), start, work{})
		return nil, grpcError(err)
	}
	answer := c.request.proto(m, outputs)
	if body, ok := ctx.Value(bodyKey{}).(*body); ok {
		// Twice: connect encodes it before it is sent.
		if err := body.hold(2 * int64(proto.Size(answer))); err != nil {
			s.done(m, viaGRPC, statusOf(err), start, c.inference.work)
			return nil, grpcError(err)
		}
	}
	s.done(m, viaGRPC, http.StatusOK, start, c.inference.work)
	return connect.NewResponse(answer), nil
}

// grpcError is an error with its code.
func grpcError(err error) error {
	code := connect.CodeInternal
	switch statusOf(err) {
	case http.StatusServiceUnavailable:
		code = connect.CodeUnavailable
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		code = connect.CodeDeadlineExceeded
	case statusGone:
		code = connect.CodeCanceled
	case http.StatusNotFound:
		code = connect.CodeNotFound
	case http.StatusRequestEntityTooLarge:
		code = connect.CodeResourceExhausted
	case http.StatusBadRequest:
		code = connect.CodeInvalidArgument
	}
	return connect.NewError(code, err)
}

// readProto takes a request in protocol buffers. The texts of its tensors share the
// memory of r.
func (q *request) readProto(r *oip.ModelInferRequest) error {
	q.id = r.Id
	for name, value := range r.Parameters {
		v := paramValue(value)
		if on, ok := v.(bool); ok && name == "binary_data_output" {
			q.binary = on
			continue
		}
		if err := q.params.set(name, v); err != nil {
			return err
		}
	}
	if len(r.Inputs) > maxTensors || len(r.Outputs) > maxTensors {
		return badRequest("%d inputs and %d outputs, expected at most %d", len(r.Inputs), len(r.Outputs), maxTensors)
	}
	raw := len(r.RawInputContents) > 0
	if raw && len(r.RawInputContents) != len(r.Inputs) {
		return badRequest("%d raw_input_contents for %d inputs, expected one each", len(r.RawInputContents), len(r.Inputs))
	}
	for i, in := range r.Inputs {
		t := q.input()
		t.name, t.datatype, t.shape = in.Name, in.Datatype, append(t.shape, in.Shape...)
		for name, value := range in.Parameters {
			if err := t.set(q, name, paramValue(value)); err != nil {
				return err
			}
		}
		if !knownType(t.datatype) {
			return unknownType(t)
		}
		if _, err := t.volume(); err != nil {
			return err
		}
		var err error
		switch {
		case raw && in.Contents != nil:
			err = badRequest("input %q has contents beside raw_input_contents, expected one", short(t.name))
		case raw:
			err = t.readRaw(r.RawInputContents[i])
		default:
			err = t.readContents(in.Contents)
		}
		if err != nil {
			return err
		}
	}
	for _, o := range r.Outputs {
		q.outputs = append(q.outputs, wanted{name: o.Name})
	}
	q.binary = q.binary || raw
	return nil
}

func paramValue(p *oip.InferParameter) any {
	switch v := p.GetParameterChoice().(type) {
	case *oip.InferParameter_BoolParam:
		return v.BoolParam
	case *oip.InferParameter_Int64Param:
		return v.Int64Param
	case *oip.InferParameter_Uint64Param:
		return v.Uint64Param
	case *oip.InferParameter_DoubleParam:
		return v.DoubleParam
	case *oip.InferParameter_StringParam:
		return v.StringParam
	}
	return nil
}

// readContents takes the elements from the field of the datatype.
func (t *tensor) readContents(c *oip.InferTensorContents) error {
	switch t.datatype {
	case typeFP32:
		t.floats = append(t.floats, c.GetFp32Contents()...)
	case typeUint8:
		for i, v := range c.GetUintContents() {
			if v > 255 {
				return badRequest("input %q: element %d is %d, expected 0 to 255", short(t.name), i, v)
			}
			t.bytes = append(t.bytes, byte(v))
		}
	case typeBool:
		for _, v := range c.GetBoolContents() {
			bit := byte(0)
			if v {
				bit = 1
			}
			t.bytes = append(t.bytes, bit)
		}
	case typeInt32:
		for _, v := range c.GetIntContents() {
			t.ints = append(t.ints, int64(v))
		}
	case typeInt64:
		t.ints = append(t.ints, c.GetInt64Contents()...)
	case typeBytes:
		t.texts = append(t.texts, c.GetBytesContents()...)
	}
	return nil
}

// proto is the answer in protocol buffers: raw if the request was.
func (q *request) proto(m *Model, outputs []tensor) *oip.ModelInferResponse {
	answer := &oip.ModelInferResponse{ModelName: m.name, ModelVersion: m.version, Id: q.id, Outputs: make([]*oip.ModelInferResponse_InferOutputTensor, len(outputs))}
	for i := range outputs {
		t := &outputs[i]
		o := &oip.ModelInferResponse_InferOutputTensor{Name: t.name, Datatype: t.datatype, Shape: append([]int64(nil), t.shape...)}
		answer.Outputs[i] = o
		if q.binary {
			answer.RawOutputContents = append(answer.RawOutputContents, t.appendRaw(make([]byte, 0, t.rawSize())))
			continue
		}
		o.Contents = t.contents()
	}
	return answer
}

// contents are the elements in the field of the datatype, in memory of their own.
func (t *tensor) contents() *oip.InferTensorContents {
	c := &oip.InferTensorContents{}
	switch t.datatype {
	case typeFP32:
		c.Fp32Contents = append([]float32(nil), t.floats...)
	case typeInt64:
		c.Int64Contents = append([]int64(nil), t.ints...)
	case typeUint8:
		c.UintContents = make([]uint32, len(t.bytes))
		for i, v := range t.bytes {
			c.UintContents[i] = uint32(v)
		}
	case typeBytes:
		c.BytesContents = append([][]byte(nil), t.texts...)
	}
	return c
}

var _ oip.GRPCInferenceServiceHandler = grpcService{}
