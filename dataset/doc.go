// Package dataset reads real data and turns it into the input of networks:
// IDX images and MNIST, PNG digits, NumPy arrays, folders of recordings, and
// the encoders that make spikes of intensities. Package event beneath it reads
// event cameras.
package dataset
