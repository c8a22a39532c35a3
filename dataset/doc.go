// Package dataset reads real data and turns it into the input of networks:
// IDX images and MNIST, PNG digits, NumPy arrays, recordings of event cameras,
// folders of recordings, and the encoders that make spikes of intensities.
// Package event beneath it reads the formats of event cameras.
package dataset
