package export

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/snurun/snurun/model"
)

// Read reads a model file from r to its end, within the default Limits. The
// network is valid. An error is, to errors.Is, an ErrNotModel, ErrVersion,
// ErrCorrupt, ErrLimit, model.ErrInvalid or what r returned; it names the
// field, the byte offset, what was found and what was expected.
func Read(r io.Reader) (*model.Network, error) { return Limits{}.Read(r) }

// ReadFile is Read for a named file.
func ReadFile(name string) (*model.Network, error) { return Limits{}.ReadFile(name) }

// Read is the function Read within the limits l.
func (l Limits) Read(r io.Reader) (*model.Network, error) {
	n, _, err := l.ReadInfo(r)
	return n, err
}

// ReadInfo is Read, and what Stat says of the same bytes.
func ReadInfo(r io.Reader) (*model.Network, Info, error) { return Limits{}.ReadInfo(r) }

// ReadInfo is the function ReadInfo within the limits l.
func (l Limits) ReadInfo(r io.Reader) (*model.Network, Info, error) {
	l = l.withDefaults()
	data, err := readAll(r, 0, l.Bytes)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: %w", err)
	}
	n, info, err := l.decode(data)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: %w", err)
	}
	return n, info, nil
}

// ReadFile is the function ReadFile within the limits l.
func (l Limits) ReadFile(name string) (*model.Network, error) {
	n, _, err := l.ReadFileInfo(name)
	return n, err
}

// ReadFileInfo is ReadFile and Stat of the same bytes.
func ReadFileInfo(name string) (*model.Network, Info, error) { return Limits{}.ReadFileInfo(name) }

// ReadFileInfo is the function ReadFileInfo within the limits l.
func (l Limits) ReadFileInfo(name string) (*model.Network, Info, error) {
	l = l.withDefaults()
	data, err := l.readFile(name)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: %w", err)
	}
	n, info, err := l.decode(data)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: %s: %w", name, err)
	}
	return n, info, nil
}

// Info is what identifies a model file.
type Info struct {
	Version int               // of the format
	Size    int64             // of the file in bytes
	SHA256  [sha256.Size]byte // the file's last field: the digest of all bytes before it
}

// Stat returns the Info of a model file. It checks the file's digest, but does
// not decode the network.
func Stat(name string) (Info, error) { return Limits{}.Stat(name) }

// Stat is the function Stat within the limits l.
func (l Limits) Stat(name string) (Info, error) {
	data, err := l.withDefaults().readFile(name)
	if err != nil {
		return Info{}, fmt.Errorf("export: %w", err)
	}
	f, err := openFrame(data)
	if err != nil {
		return Info{}, fmt.Errorf("export: %s: %w", name, err)
	}
	return f.info, nil
}

func (l Limits) readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hint := int64(0)
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() {
		hint = fi.Size()
	}
	data, err := readAll(f, hint, l.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// readAll reads r to its end, at most limit bytes. hint is the expected size;
// if it is right, nothing is copied.
func readAll(r io.Reader, hint, limit int64) ([]byte, error) {
	const firstPiece, largestPiece = 1 << 14, 1 << 20
	tooLarge := fmt.Errorf("%w: it is larger than %d bytes: Limits.Bytes can be raised", ErrLimit, limit)
	if hint > limit {
		return nil, tooLarge
	}
	r = io.LimitReader(r, limit+1)
	size := min(hint, limit) + 1 // one byte more finds the end
	if hint <= 0 {
		size = firstPiece
	}
	var pieces [][]byte
	for total := int64(0); ; size = min(max(firstPiece, total), largestPiece) {
		p := make([]byte, size)
		n, err := io.ReadFull(r, p)
		pieces = append(pieces, p[:n])
		if total += int64(n); total > limit {
			return nil, tooLarge
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			if len(pieces) == 1 {
				return p[:n], nil
			}
			return slices.Concat(pieces...), nil
		default:
			return nil, err
		}
	}
}

// frame is a model file whose magic, version and digest were checked. The
// first two keys of its map were read; the decoder ends before the last.
type frame struct {
	object
	info Info
	rest int // keys that are left
}

// openFrame checks what stays the same in every version of the format: the
// file is a map, its first keys are format and version, its last is sha256.
func openFrame(data []byte) (*frame, error) {
	f := &frame{object: object{d: newDecoder(data)}, info: Info{Size: int64(len(data))}}
	if err := f.readMagic(); err != nil {
		return nil, err
	}
	if err := f.readVersion(); err != nil {
		return nil, err
	}
	err := f.checkDigest()
	if v := f.info.Version; v > Version {
		older := fmt.Errorf("%w: it has version %d, this program reads versions 1 to %d: upgrade snurun", ErrVersion, v, Version)
		if err != nil {
			return nil, fmt.Errorf("%w; moreover: %w", older, err)
		}
		return nil, older
	}
	if err != nil {
		return nil, err
	}
	f.d.truncate(len(data) - trailerSize)
	return f, nil
}

func (f *frame) readMagic() error {
	d := f.d
	if len(d.data) == 0 {
		return fmt.Errorf("%w: it is empty", ErrNotModel)
	}
	notModel := fmt.Errorf("%w: it begins with the bytes % x, expected a map whose first key is format",
		ErrNotModel, d.data[:min(len(d.data), 8)])
	n, err := d.length(classMap, 0, maxKeys)
	if err != nil || n < 3 {
		return notModel
	}
	if key, err := d.name(); err != nil || key != "format" {
		return notModel
	}
	name, err := d.name()
	if err != nil {
		return notModel
	}
	if name != formatName {
		return fmt.Errorf("%w: its format is %q, expected %q", ErrNotModel, name, formatName)
	}
	f.keys = []keyAt{{key: "format"}, {key: "version"}, {key: "sha256"}}
	f.rest = n - len(f.keys)
	return nil
}

func (f *frame) readVersion() error {
	d := f.d
	at := d.offset()
	key, err := d.name()
	if err != nil {
		return err
	}
	if key != "version" {
		return d.errorf(ErrCorrupt, at, "the second key is %q, expected version", key)
	}
	d.path = append(d.path, key...)
	v, err := d.integer(1, maxInt)
	d.path = d.path[:0]
	f.info.Version = int(v)
	d.version = int(v)
	return err
}

// checkDigest checks the end of the file, which the decoder must not have
// reached yet.
func (f *frame) checkDigest() error {
	data := f.d.data
	end := len(data) - trailerSize
	if end < f.d.offset() || !bytes.HasPrefix(data[end:], []byte(trailer)) {
		return fmt.Errorf("%w: its %d bytes do not end with the key sha256 and a digest: the file is cut short or something was appended",
			ErrCorrupt, len(data))
	}
	covered := end + len(trailer)
	f.info.SHA256 = [sha256.Size]byte(data[covered:])
	if sum := sha256.Sum256(data[:covered]); sum != f.info.SHA256 {
		return fmt.Errorf("%w: the SHA-256 of its first %d bytes is %x, but the file says %x: the file is damaged",
			ErrCorrupt, covered, sum, f.info.SHA256)
	}
	return nil
}

// decode decodes a whole file.
func (l Limits) decode(data []byte) (*model.Network, Info, error) {
	f, err := openFrame(data)
	if err != nil {
		return nil, Info{}, err
	}
	n, err := f.network(l)
	if err != nil {
		return nil, Info{}, err
	}
	if f.d.r.Len() > 0 {
		return nil, Info{}, f.d.errorf(ErrCorrupt, f.d.offset(), "the other keys end here, but sha256 begins at byte %d", len(f.d.data))
	}
	if err := n.Validate(); err != nil {
		return nil, Info{}, err
	}
	if v := versionOf(n); f.info.Version < v {
		return nil, Info{}, fmt.Errorf("%w: it has version %d, but its layers, or its input, need version %d: a writer of that version is meant",
			model.ErrInvalid, f.info.Version, v)
	}
	return n, f.info, nil
}
