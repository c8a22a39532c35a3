//go:build board

package dataset

import (
	"errors"
	"fmt"
	"io"
)

func (j *job) hdf5(io.Reader) (Source, error) {
	return nil, fmt.Errorf("dataset: %s: an HDF5 file, which this build for boards does not read: %w", j.name, errors.ErrUnsupported)
}
