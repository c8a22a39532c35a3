// Package dataset reads real data and turns it into the input of networks:
// IDX images and MNIST, PNG digits, NumPy arrays, recordings of event cameras,
// folders of recordings, and the encoders that make spikes of intensities.
// Package event beneath it reads the formats of event cameras.
//
// A Source is numbered samples with classes. Open and Read tell by its bytes what
// a file is; LoadMNIST, LoadImages and LoadFolder read data sets; FromInputs
// takes what is in memory; and any type with the methods of a Source
// is one. Subset, Split and Augmented make sources and parts of others.
//
// An Encoder draws the spikes of an intensity. Its noise depends on a Key, the
// step and the channel alone, so a sample is the same wherever and whenever it is
// presented. Load fills an input with a sample, one after the other:
//
//	x := m.Input.New(m.Steps)   // a spike.Input
//	err := source.Load(x, i, dataset.Key{Seed: 1, Sample: uint64(i)})
//	r, err := session.Classify(x)
//
// Recordings of different lengths are cut or followed by silence, unless
// LoadUnpadded loads each in its own.
package dataset
