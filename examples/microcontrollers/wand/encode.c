#include "encode.h"

/* What a stroke is moved and scaled by. */
typedef struct {
    float x, y, scale;
} frame;

static frame frame_of(const float *points, uint32_t count)
{
    float left = points[0], right = left, bottom = points[1], top = bottom, extent;
    frame f;
    uint32_t k;
    for (k = 1; k < count; k++) {
        const float x = points[2 * k], y = points[2 * k + 1];
        left = x < left ? x : left;
        right = x > right ? x : right;
        bottom = y < bottom ? y : bottom;
        top = y > top ? y : top;
    }
    extent = right - left > top - bottom ? right - left : top - bottom;
    f.x = 0.5f * (left + right - extent); /* the stroke is in the middle */
    f.y = 0.5f * (bottom + top - extent);
    f.scale = extent > 0.0f ? (float)GRID / extent : 0.0f;
    return f;
}

static uint32_t field(float at, float from, float scale)
{
    const float place = (at - from) * scale;
    return place <= 0.0f ? 0u : place >= (float)(GRID - 1u) ? GRID - 1u : (uint32_t)place;
}

void encode(const float *points, uint32_t count, uint32_t spikes[STEPS][GRID * GRID / 32u])
{
    frame f;
    uint32_t t, k, part;
    for (t = 0; t < STEPS; t++) {
        for (k = 0; k < GRID * GRID / 32u; k++) {
            spikes[t][k] = 0;
        }
    }
    if (count == 0) {
        return;
    }
    f = frame_of(points, count);
    for (k = 0; k < count; k++) {
        const float *to = points + 2 * k, *from = k > 0 ? to - 2 : to;
        t = k * STEPS / count;
        for (part = 1; part <= 8u; part++) {
            const float share = (float)part / 8.0f;
            const uint32_t column = field(from[0] + share * (to[0] - from[0]), f.x, f.scale);
            const uint32_t row = field(from[1] + share * (to[1] - from[1]), f.y, f.scale);
            const uint32_t i = row * GRID + column;
            spikes[t][i / 32u] |= 1u << (i % 32u);
        }
    }
}
