package export

import (
	"fmt"
	"io"

	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/model"
)

// WriteFile writes n to the named model file, all or nothing; see
// atomicfile.Write.
func WriteFile(name string, n *model.Network) error {
	if err := atomicfile.Write(name, func(w io.Writer) error { return write(w, n) }); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
