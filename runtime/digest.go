package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrSelfTest is the error of a network that does not compute what its model
// file says it must.
var ErrSelfTest = errors.New("self-test failed")

// ErrNoSelfTest is the error of a model that carries no self-test.
var ErrNoSelfTest = errors.New("the model carries no self-test")

// Digest runs the inputs of a self-test, each from the initial state, and
// returns the SHA-256 of everything they cause, little-endian: for each input,
// step and layer the spike words of a spiking layer (uint64), or else the
// outputs of a soft or counting or the membranes of an analog layer (float32); after each
// input its scores (float32).
func (n *Network) Digest(st *model.SelfTest) ([32]byte, error) { return n.digest(st, false) }

// digest is Digest; if finite it is an ErrRange where a membrane or score is not.
func (n *Network) digest(st *model.SelfTest, finite bool) ([32]byte, error) {
	h := sha256.New()
	s := n.NewSession()
	defer s.Close()
	for _, x := range st.Inputs {
		s.Reset()
		for t := range x.Steps() {
			if err := s.Step(x, t); err != nil {
				return [32]byte{}, err
			}
			if finite {
				if err := s.Check(); err != nil {
					return [32]byte{}, err
				}
			}
			s.hashStep(h)
		}
		hashFloats(h, s.Result().Scores)
	}
	return [32]byte(h.Sum(nil)), nil
}

// Verify compiles m and compares its digest with that of its self-test. The
// error is an ErrSelfTest if they differ.
func Verify(m *model.Network) error {
	if m.SelfTest == nil {
		return fmt.Errorf("runtime: %w", ErrNoSelfTest)
	}
	n, err := Compile(m)
	if err != nil {
		return err
	}
	got, err := n.Digest(m.SelfTest)
	if err != nil {
		return err
	}
	if got != m.SelfTest.Digest {
		return fmt.Errorf("runtime: %w: digest is %x, the model file says %x", ErrSelfTest, got, m.SelfTest.Digest)
	}
	return nil
}

// AddSelfTest gives m a self-test over the given inputs, with the digest that this
// machine computes. It is an ErrRange if an input makes a membrane that is not
// finite, whose bits are not the same on every machine. After an error, m is as it
// was.
func AddSelfTest(m *model.Network, inputs []spike.Input) error {
	n, err := Compile(m)
	if err != nil {
		return err
	}
	return n.addSelfTest(m, &model.SelfTest{Inputs: inputs})
}

// addSelfTest gives m, which n was compiled from, a self-test whose digest it
// computes.
func (n *Network) addSelfTest(m *model.Network, st *model.SelfTest) (err error) {
	if st.Digest, err = n.digest(st, true); err != nil {
		return err
	}
	old := m.SelfTest
	m.SelfTest = st
	if err := m.Validate(); err != nil {
		m.SelfTest = old
		return err
	}
	return nil
}

func (s *Session) hashStep(h hash.Hash) {
	for i, l := range s.net.layers {
		if l == nil {
			continue
		}
		switch l.Units.Output {
		case asm.Step:
			var b [8]byte
			for _, w := range s.Spikes(i) {
				binary.LittleEndian.PutUint64(b[:], w)
				h.Write(b[:])
			}
		case asm.Sigmoidal, asm.Count:
			hashFloats(h, s.Outputs(i))
		default:
			hashFloats(h, s.Membrane(i))
		}
	}
}

func hashFloats(h hash.Hash, x []float32) {
	var b [4]byte
	for _, v := range x {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
}
