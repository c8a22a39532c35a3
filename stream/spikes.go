package stream

// parseSpikes returns the parser of the form spikes: a line a step, with the
// numbers of the active channels.
func parseSpikes(channels int) func(c *chunk, line []byte) (bool, error) {
	return func(c *chunk, line []byte) (something bool, err error) {
		if len(line) > 0 && line[0] == '#' {
			return false, nil
		}
		c.isStep = true
		c.channels, err = appendChannels(c.channels, line, channels)
		return err == nil, err
	}
}
