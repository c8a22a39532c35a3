package stream

import "github.com/snurun/snurun/dataset"

// parseSpikes returns the parser of the form spikes: a line a step, with the
// numbers of the active channels. Where a channel cannot count, naming it twice is
// an error: the line may be a row of a 0/1 matrix.
func parseSpikes(channels int, counts bool) func(c *chunk, line []byte) (bool, error) {
	seen := newOnce(channels, counts)
	return func(c *chunk, line []byte) (something bool, err error) {
		if len(line) > 0 && line[0] == '#' {
			return false, nil
		}
		c.isStep = true
		c.channels, err = appendChannels(c.channels, line, channels)
		if err == nil {
			err = seen.check(c.channels)
		}
		return err == nil, err
	}
}

// parseRows returns the parser of the form csv: a line a step, with its values.
func parseRows(width int, columns string) func(c *chunk, line []byte) (bool, error) {
	rows := dataset.NewRows(width, columns)
	return func(c *chunk, line []byte) (something bool, err error) {
		c.values, err = rows.Parse(c.values, line)
		c.isStep = len(c.values) > 0
		return c.isStep, err
	}
}
