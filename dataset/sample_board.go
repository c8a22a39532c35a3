//go:build board

package dataset

import _ "embed"

// SampleSize is the number of digits that Sample returns.
const SampleSize = 200

//go:embed sample/board/t10k-images-idx3-ubyte.gz
var sampleImages []byte

//go:embed sample/board/t10k-labels-idx1-ubyte.gz
var sampleLabels []byte
