// Package sound reads sound, WAV files and raw PCM, brings it to the rate that a
// network was trained at, and turns it into spikes by the bank of filters that
// stands in the model file.
package sound
