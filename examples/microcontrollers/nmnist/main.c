/* Recognises the digits that an event camera saw, event by event. */
#include "board.h"
#include "nmnist.h"

BOARD_FILE(recording0, "../../../testdata/nmnist/60004.bs2");
BOARD_FILE(recording1, "../../../testdata/nmnist/60003.bs2");
BOARD_FILE(recording2, "../../../testdata/nmnist/60002.bs2");
BOARD_FILE(recording3, "../../../testdata/nmnist/60019.bs2");
BOARD_FILE(recording4, "../../../testdata/nmnist/60005.bs2");
BOARD_FILE(recording5, "../../../testdata/nmnist/60009.bs2");
BOARD_FILE(recording6, "../../../testdata/nmnist/60012.bs2");
BOARD_FILE(recording7, "../../../testdata/nmnist/60001.bs2");
BOARD_FILE(recording8, "../../../testdata/nmnist/60062.bs2");
BOARD_FILE(recording9, "../../../testdata/nmnist/60008.bs2");

static nmnist_state network;

/* Five bytes an event: x, y, then a bit of polarity and 23 bits of time in microseconds.
 * Row 240 marks that the time goes on 2^13 microseconds later. */
static uint32_t classify(const uint8_t *at, const uint8_t *end, uint32_t *events)
{
    uint32_t offset = 0, first = 0, step = 0;
    *events = 0;
    nmnist_init(&network);
    for (; end - at >= 5; at += 5) {
        const uint32_t time = offset + ((uint32_t)(at[2] & 0x7fu) << 16 | (uint32_t)at[3] << 8 | at[4]);
        if (at[1] == 240) {
            offset += 1u << 13;
            continue;
        }
        first = *events == 0 ? time : first;
        for (; step < NMNIST_STEPS && time - first >= (step + 1u) * NMNIST_STEP_US; step++) {
            (void)nmnist_step_events(&network);
        }
        if (step < NMNIST_STEPS) {
            (void)nmnist_event(&network, at[2] >> 7, at[1], at[0]);
        }
        (*events)++;
    }
    for (; step < NMNIST_STEPS; step++) {
        (void)nmnist_step_events(&network);
    }
    return nmnist_result(&network);
}

int main(void)
{
    static const struct {
        const uint8_t *begin, *end;
    } recordings[10] = {
        {recording0_begin, recording0_end}, {recording1_begin, recording1_end}, {recording2_begin, recording2_end},
        {recording3_begin, recording3_end}, {recording4_begin, recording4_end}, {recording5_begin, recording5_end},
        {recording6_begin, recording6_end}, {recording7_begin, recording7_end}, {recording8_begin, recording8_end},
        {recording9_begin, recording9_end}};
    uint32_t k, events;
    for (k = 0; k < 10; k++) {
        const uint32_t digit = classify(recordings[k].begin, recordings[k].end, &events);
        out("a recording of a ");
        out_number(k);
        out(": ");
        out_number(digit);
        out(", from ");
        out_number(events);
        out(" events\n");
    }
    return 0;
}
