/* Writes the spikes of a stroke for "snurun train --dataset folder": reads a .npy of
 * float32 [points, 2] and writes a .npy of uint8 [16, 256].
 *
 *   prepare IN.npy OUT.npy */
#include <stdio.h>
#include <string.h>

#include "encode.h"

#define MOST 4096

static float points[2 * MOST];
static uint32_t spikes[STEPS][GRID * GRID / 32u];

static int fail(const char *name, const char *what)
{
    fprintf(stderr, "prepare: %s: %s\n", name, what);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned char head[10];
    char text[128];
    size_t count, length;
    uint32_t t, i;
    FILE *f;
    if (argc != 3) {
        fputs("prepare: expected IN.npy OUT.npy\n", stderr);
        return 2;
    }
    f = fopen(argv[1], "rb");
    if (f == NULL || fread(head, 1, 10, f) != 10 || memcmp(head, "\x93NUMPY\x01", 7) != 0) {
        return fail(argv[1], "expected a NumPy array");
    }
    length = (size_t)head[8] + 256u * head[9];
    if (length > 4096 || fseek(f, (long)length, SEEK_CUR) != 0) {
        return fail(argv[1], "expected a short header");
    }
    count = fread(points, 8, MOST, f);
    fclose(f);
    if (count == 0) {
        return fail(argv[1], "expected points");
    }
    encode(points, (uint32_t)count, spikes);
    f = fopen(argv[2], "wb");
    if (f == NULL) {
        return fail(argv[2], "cannot be written");
    }
    memset(text, ' ', sizeof text);
    memcpy(text, "\x93NUMPY\x01\x00\x76\x00", 10);
    i = (uint32_t)sprintf(text + 10, "{'descr': '|u1', 'fortran_order': False, 'shape': (%u, %u), }", STEPS, GRID * GRID);
    text[10 + i] = ' ';
    text[127] = '\n';
    fwrite(text, 1, sizeof text, f);
    for (t = 0; t < STEPS; t++) {
        for (i = 0; i < GRID * GRID; i++) {
            fputc((int)(spikes[t][i / 32u] >> (i % 32u) & 1u), f);
        }
    }
    return fclose(f) == 0 ? 0 : fail(argv[2], "cannot be written");
}
