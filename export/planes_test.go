package export_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

func TestRefusedPlanes(t *testing.T) {
	max31 := "\xce\x7f\xff\xff\xff"
	testRefused(t, goldenFile(t, "planes"), []refusal{
		{"layers[3].from", "\x91\xfe", export.ErrCorrupt, "layers[3].from[0] at byte"},
		{"layers[3].from", "\x91\xfe", export.ErrCorrupt, "found -2, expected -1 to 2147483647"},
		{"layers[3].from", "\x91\xd3\xff\xff\xff\xff\x00\x00\x00\x00", export.ErrCorrupt, "found -4294967296"},
		{"layers[3].from", "\x91\xce\xff\xff\xff\xff", export.ErrCorrupt, "found 4294967295"},
		{"layers[3].from", "\x91\xca\x3f\x80\x00\x00", export.ErrCorrupt, "found a float, expected an integer"},
		{"layers[3].from", "\x01", export.ErrCorrupt, "found an integer, expected an array"},
		{"layers[3].from", "\xdc\x00\x41" + strings.Repeat("\x01", 65), export.ErrLimit, "length 65, at most 64 are allowed"},
		{"layers[3].from", "\x92\x02\x02", model.ErrInvalid, "from is [2 2], expected each layer once"},
		{"layers[3].from", "\x91\x03", model.ErrInvalid, "from is [3], expected layers before it"},
		{"layers[3].from", "\x91" + max31, model.ErrInvalid, "from is [2147483647], expected layers before it"},
		{"layers[3].from", "\x91\xff", model.ErrInvalid, "takes shape [4 3 3], but input has shape [2 6 6]"},
		{"layers[0].stride", "\x91\x01", export.ErrCorrupt, "found an array of length 1, expected 2: [height, width]"},
		{"layers[0].stride", "\x90", export.ErrCorrupt, "layers[0].stride at byte"},
		{"layers[0].stride", "\x93\x01\x01\x01", export.ErrCorrupt, "found an array of length 3"},
		{"layers[0].stride", "\x99" + strings.Repeat("\x01", 9), export.ErrLimit, "length 9"},
		{"layers[0].stride", "\x92\x01\x00", export.ErrCorrupt, "layers[0].stride[1] at byte"},
		{"layers[0].stride", "\x92\x01" + max31, model.ErrInvalid, "stride is 2147483647, expected 1 to 4096"},
		{"layers[0].padding", "\x92\xff\x00", export.ErrCorrupt, "found -1, expected 0 to"},
		{"layers[0].padding", "\x92\x05\x00", model.ErrInvalid, "padding is [5 0], expected less than the window's extent of 5"},
		{"layers[0].dilation", "\x92\x00\x01", export.ErrCorrupt, "layers[0].dilation[0] at byte"},
		{"layers[0].dilation", "\x92" + max31 + "\x01", model.ErrInvalid, "dilation is 2147483647"},
		{"layers[0].groups", "\x00", export.ErrCorrupt, "layers[0].groups at byte"},
		{"layers[0].groups", "\x03", model.ErrInvalid, "groups is 3, expected a divisor of the 2 channels in and the 4 channels out"},
		{"layers[0].groups", max31, model.ErrInvalid, "groups is 2147483647"},
		{"layers[0].weight", tensor("f32", "\x92\x04\x09", f32(make([]float32, 36)...)), model.ErrInvalid, "weight has shape [4 9], expected [channels out, channels in / groups, height, width]"},
		{"layers[0].weight", tensor("f32", "\x94\x04\x01"+max31+"\x03", ""), export.ErrCorrupt, "layers[0].weight.data at byte"},
		{"layers[0].weight", tensor("f32", "\x94\x04\x01\x03\x03", f32(append(make([]float32, 35), float32(math.Inf(-1)))...)), model.ErrInvalid, "weight[3,0,2,2] is -Inf"},
		{"layers[0].synapse", "\x02", model.ErrInvalid, "synapse[0] is 2, expected 0 to 1"},
		{"layers[0].synapse", tensor("f32", "\x91\x03", f32(0, 0, 0)), model.ErrInvalid, "synapse has 3 values, expected 1, 4 (one a channel) or 144 (one a neuron)"},
		{"layers[0].out", "\x93\x04\x06\x07", model.ErrInvalid, "out is [4 6 7], expected [4 6 6] from in [2 6 6]"},
		{"layers[0].out", "\x91\xcc\x90", model.ErrInvalid, "expected [channels height width]"},
		{"layers[1].pool", str("median"), model.ErrInvalid, `pool "median" is unknown`},
		{"layers[3].pool", str("max"), model.ErrInvalid, "max pooling needs the outputs of one layer"},
		{"layers[1].kernel", "\x92\x00\x02", export.ErrCorrupt, "layers[1].kernel[0] at byte"},
		{"layers[1].kernel", "\x92\xcd\x10\x01\x02", model.ErrInvalid, "kernel is 4097, expected 1 to 4096"},
		{"layers[1].kind", str("flatten"), model.ErrInvalid, "a flatten layer has no pool, expected kind pool2d"},
		{"layers[1].out", "\x93\xce\x00\x10\x00\x00\x03\x03", export.ErrLimit, "Limits.Neurons"},
		{"layers[5].out", "\x91\x1f", model.ErrInvalid, "out is [31], expected a shape with the 32 values"},
		{"layers[5].kind", str("conv2d"), export.ErrCorrupt, "the key activation is missing"},
		{"layers[7].kind", str("snu"), export.ErrCorrupt, "layers[7] at byte"},
		{"readout.margin", "\xff", model.ErrInvalid, "readout margin is -1"},
		{"readout.margin", f64(1e39), model.ErrInvalid, "readout.margin at byte"},
		{"readout.margin", str("1"), export.ErrCorrupt, "found a string, expected a float or an integer"},
	})
}

// TestAddedKeys adds keys of this format to layers that need not have them.
func TestAddedKeys(t *testing.T) {
	data := goldenFile(t, "planes")
	tests := []struct {
		path, pair string
		text       string // of the error, none if the file stays valid
	}{
		{"layers[0]", "\xa6kernel\x92\x03\x03", ""},
		{"layers[0]", "\xa6kernel\x92\x03\x02", "out is [4 6 6], expected [4 6 7]"},
		{"layers[2]", "\xa6kernel\x92\x03\x02", "out is [4 3 3], expected [4 3 2]"},
		{"layers[0]", "\xa4from\x90", ""},
		{"layers[0]", "\xa4pool" + str("sum"), "a conv2d layer has no pool, expected kind pool2d"},
		{"layers[1]", "\xa8dilation\x92\x01\x01", ""},
		{"layers[1]", "\xa8dilation\x92\x01\x02", "dilation is [1 2], expected [1 1] for pool2d"},
		{"layers[1]", "\xa6groups\x01", "a pool2d layer has no groups, expected kind conv2d"},
		{"layers[1]", "\xa6output" + str("step"), "a pool2d layer has no output, expected kind"},
		{"layers[1]", "\xa5decay\x01", "a pool2d layer has no decay, expected kind"},
		{"layers[1]", "\xa6weight" + tensor("f32", "\x91\x01", f32(1)), "a pool2d layer has no weight, expected kind"},
		{"layers[5]", "\xa6stride\x92\x01\x01", "a flatten layer has no stride, expected"},
		{"layers[6]", "\xa7padding\x92\x01\x01", "a snu layer has no padding, expected"},
		{"layers[7]", "\xa7synapse\x01", "a dense layer has no synapse, expected"},
	}
	for _, tt := range tests {
		_, err := read(insert(t, data, tt.path, tt.pair, 1))
		if (tt.text == "") != (err == nil) || err != nil && (!errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), tt.text)) {
			t.Errorf("%s with %q: error is %v, expected %q", tt.path, tt.pair, err, tt.text)
		}
	}
}
