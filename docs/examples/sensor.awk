# A sensor for a first try: reads a picture of 28x28 characters and prints time
# steps for "snurun stream --format spikes". Each # fires with probability 0.1 a
# step, that is at 100 Hz in steps of 1 ms.
#
#   awk -v steps=100 -f sensor.awk seven.txt | snurun stream mnist.msgpack
BEGIN { srand(1); if (!steps) steps = 100 }
{
	for (x = 1; x <= length($0); x++)
		if (substr($0, x, 1) == "#") pixel[n++] = (NR - 1) * 28 + x - 1
}
END {
	for (t = 0; t < steps; t++) {
		line = ""
		for (i = 0; i < n; i++) if (rand() < 0.1) line = line " " pixel[i]
		print line
	}
}
