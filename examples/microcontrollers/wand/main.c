/* Recognises digits that were drawn in the air with a wand, stroke by stroke, each as
 * soon as one digit is far enough ahead. */
#include "board.h"
#include "encode.h"
#include "wand.h"

BOARD_FILE(stroke0, "strokes/0.npy");
BOARD_FILE(stroke1, "strokes/1.npy");
BOARD_FILE(stroke2, "strokes/2.npy");
BOARD_FILE(stroke3, "strokes/3.npy");
BOARD_FILE(stroke4, "strokes/4.npy");
BOARD_FILE(stroke5, "strokes/5.npy");
BOARD_FILE(stroke6, "strokes/6.npy");
BOARD_FILE(stroke7, "strokes/7.npy");
BOARD_FILE(stroke8, "strokes/8.npy");
BOARD_FILE(stroke9, "strokes/9.npy");

static wand_state network;
static uint32_t spikes[STEPS][GRID * GRID / 32u];

/* The NumPy array's header is padded so that its numbers are aligned. */
static uint32_t classify(const uint8_t *begin, const uint8_t *end)
{
    const uint8_t *data = begin + 10 + begin[8] + 256 * begin[9];
    uint32_t t;
    encode((const float *)(const void *)data, (uint32_t)(end - data) / 8u, spikes);
    wand_init(&network);
    for (t = 0; t < STEPS && wand_lead(&network) < WAND_MARGIN; t++) {
        (void)wand_step(&network, spikes[t]);
    }
    return wand_result(&network);
}

int main(void)
{
    static const struct {
        const uint8_t *begin, *end;
    } strokes[10] = {
        {stroke0_begin, stroke0_end}, {stroke1_begin, stroke1_end}, {stroke2_begin, stroke2_end}, {stroke3_begin, stroke3_end},
        {stroke4_begin, stroke4_end}, {stroke5_begin, stroke5_end}, {stroke6_begin, stroke6_end}, {stroke7_begin, stroke7_end},
        {stroke8_begin, stroke8_end}, {stroke9_begin, stroke9_end}};
    uint32_t k;
    for (k = 0; k < 10; k++) {
        const uint32_t digit = classify(strokes[k].begin, strokes[k].end);
        out("strokes/");
        out_number(k);
        out(".npy: ");
        out_number(digit);
        out(" after ");
        out_number(network.steps);
        out(" of 16 steps\n");
    }
    return 0;
}
