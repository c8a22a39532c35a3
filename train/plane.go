package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
)

// Plane is a layer on planes of a Topology: a convolution or, if Pool is set, a
// pool.
type Plane struct {
	Channels int // of a convolution
	Pool     model.Pooling
	Kernel   int // height and width of the window
	Stride   int
	Padding  int
}

// maxPlane bounds each number of a Plane.
const maxPlane = 4096

var poolLetters = map[byte]model.Pooling{'s': model.SumPool, 'a': model.AvgPool, 'm': model.MaxPool}

func (p Plane) validate() error {
	if p.Pool != "" {
		if !slices.Contains(slices.Collect(maps.Values(poolLetters)), p.Pool) {
			return fmt.Errorf("pool %q is unknown, expected sum, avg or max", p.Pool)
		}
		p.Channels = 1
	}
	for _, n := range []struct {
		name         string
		value, least int
	}{{"channels", p.Channels, 1}, {"kernel", p.Kernel, 1}, {"stride", p.Stride, 1}, {"padding", p.Padding, 0}} {
		if n.value < n.least || n.value > maxPlane {
			return fmt.Errorf("%s is %d, expected %d to %d", n.name, n.value, n.least, maxPlane)
		}
	}
	return nil
}

// ParsePlanes reads planes in the notation of the literature, separated by
// commas: 16c5 is a convolution to 16 channels with a kernel of 5×5, 2s, 2a and
// 2m are sum, average and max pools of 2×2. A convolution may go on with s2, a
// stride of 2 in place of 1, and p1, a padding of 1 in place of half the kernel,
// which keeps the size of the plane.
func ParsePlanes(s string) ([]Plane, error) {
	var planes []Plane
	if s == "" {
		return nil, nil
	}
	for _, word := range strings.Split(s, ",") {
		p, err := parsePlane(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("train: plane %q: %w", word, err)
		}
		planes = append(planes, p)
	}
	return planes, nil
}

func parsePlane(word string) (Plane, error) {
	var p Plane
	first, rest, err := number(word, 1)
	if err != nil && word != "" && '0' <= word[0] && word[0] <= '9' {
		return p, err
	}
	if err != nil || rest == "" {
		return p, fmt.Errorf("expected a convolution such as 16c5 or 16c5s2p1, or a pool such as 2s, 2a or 2m")
	}
	if pool, ok := poolLetters[rest[0]]; ok && len(rest) == 1 {
		return Plane{Pool: pool, Kernel: first, Stride: first}, nil
	}
	p.Channels, p.Stride = first, 1
	if rest[0] != 'c' {
		return p, fmt.Errorf("found %q, expected c for a convolution, or s, a or m for a pool", rest)
	}
	if p.Kernel, rest, err = number(rest[1:], 1); err != nil {
		return p, err
	}
	p.Padding = p.Kernel / 2
	for rest != "" {
		var to *int
		least := 1
		switch rest[0] {
		case 's':
			to = &p.Stride
		case 'p':
			to, least = &p.Padding, 0
		default:
			return p, fmt.Errorf("found %q, expected s and a stride or p and a padding", rest)
		}
		if *to, rest, err = number(rest[1:], least); err != nil {
			return p, err
		}
	}
	return p, nil
}

// number reads the number that s begins with.
func number(s string, least int) (n int, rest string, err error) {
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		if n = 10*n + int(s[digits]-'0'); n > maxPlane {
			return 0, "", fmt.Errorf("found a number above %d", maxPlane)
		}
		digits++
	}
	if digits == 0 || n < least {
		return 0, "", fmt.Errorf("found %q, expected a number from %d to %d", s, least, maxPlane)
	}
	return n, s[digits:], nil
}

// String returns the plane in the notation of ParsePlanes.
func (p Plane) String() string {
	for letter, pool := range poolLetters {
		if p.Pool == pool {
			return fmt.Sprintf("%d%c", p.Kernel, letter)
		}
	}
	s := fmt.Sprintf("%dc%d", p.Channels, p.Kernel)
	if p.Stride != 1 {
		s += fmt.Sprintf("s%d", p.Stride)
	}
	if p.Padding != p.Kernel/2 {
		s += fmt.Sprintf("p%d", p.Padding)
	}
	return s
}
