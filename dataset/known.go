package dataset

import (
	"path/filepath"
	"strings"

	"github.com/snurun/snurun/dataset/event"
)

// foreign are files that people have and this package does not read, by what they
// begin with, at an offset, and by the extensions of their names.
var foreign = []struct {
	at    int
	magic string
	ext   string
	what  string
}{
	{0, "GIF8", "", "a GIF picture: save it as PNG"},
	{0, "BM", ".bmp", "a BMP picture: save it as PNG"},
	{0, "II*\x00", "", "a TIFF picture: save it as PNG"},
	{0, "MM\x00*", "", "a TIFF picture: save it as PNG"},
	{8, "WEBP", "", "a WebP picture: save it as PNG"},
	{4, "ftyp", "", "a video or a picture in an MP4 container: save a frame as PNG"},
	{4, "TFL3", "", "a TensorFlow Lite network, no input: snurun reads networks in its own format, see snurun convert"},
	{0, "", ".onnx", "an ONNX network, no input: snurun convert reads NIR, safetensors and .npz"},
	{0, "", ".pt", "a PyTorch file: save a network as safetensors, an input as .npy with numpy.save"},
	{0, "", ".pth", "a PyTorch file: save a network as safetensors, an input as .npy with numpy.save"},
	{0, "", ".nir", "a network in NIR, no input: snurun convert makes a model of it"},
	{0, "", ".safetensors", "a network's tensors, no input: snurun convert makes a model of them"},
	{0, "#ROSBAG", "", "a ROS bag: export its events as text, t,x,y,p a line"},
	{0, "PAR1", "", "a Parquet table: save it as CSV or .npy"},
	{0, "MATLAB 5.0", "", "a MATLAB file: save its arrays as .npy"},
	{0, "#!AER-DAT1", "", "AEDAT 1, whose events snurun does not read: jAER saves it as AEDAT 2"},
	{0, "\x80\x04", ".pkl", "a Python pickle: save its array as .npy with numpy.save"},
	{0, "7z\xbc\xaf", "", "a 7z archive: unpack it first"},
	{0, "Rar!", "", "a RAR archive: unpack it first"},
	{0, "\x28\xb5\x2f\xfd", "", "data packed with zstd: unpack it first"},
	{0, "BZh", "", "data packed with bzip2: unpack it first"},
	{0, "\xfd7zXZ", "", "data packed with xz: unpack it first"},
	{257, "ustar", "", "a tar archive: unpack it first"},
	{0, "%PDF", "", "a PDF: save the picture as PNG"},
	{0, "{", ".json", "JSON: snurun stream --format jsonl reads events and steps as lines of JSON"},
	{0, "{", ".jsonl", "lines of JSON: snurun stream --format jsonl reads them"},
}

// whatIs returns what a file that is not read is, "" if it is nothing known.
func whatIs(head []byte, name string) string {
	if event.IsUTF16(head) {
		return "text " + event.UTF16
	}
	ext := strings.ToLower(filepath.Ext(name))
	for _, f := range foreign {
		if len(head) >= f.at && strings.HasPrefix(string(head[f.at:]), f.magic) && (f.ext == "" || f.ext == ext) {
			return f.what
		}
	}
	return ""
}
