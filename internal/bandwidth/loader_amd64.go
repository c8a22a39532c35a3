//go:build !purego && !noasm

package bandwidth

func loader(tier string) func(p []float32) {
	switch tier {
	case "avx512":
		return func(p []float32) { load64(&p[0], 4*len(p)) }
	case "avx2":
		return func(p []float32) { load32(&p[0], 4*len(p)) }
	}
	return nil
}

//go:noescape
func load64(p *float32, n int)

//go:noescape
func load32(p *float32, n int)
