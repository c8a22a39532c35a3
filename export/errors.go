package export

import "errors"

// The kinds of error of a model file, beside model.ErrInvalid: a file that is
// well formed but describes a network that makes no sense.
var (
	// ErrNotModel: the file does not begin like a model file.
	ErrNotModel = errors.New("not a snurun model file")
	// ErrVersion: the file's version is not the one that this package reads.
	ErrVersion = errors.New("unsupported model file version")
	// ErrCorrupt: the file is cut short, damaged, or not laid out as the
	// format says.
	ErrCorrupt = errors.New("malformed model file")
	// ErrLimit: the file exceeds one of the Limits, or the network one of the
	// format's own.
	ErrLimit = errors.New("model file exceeds a limit")
)
