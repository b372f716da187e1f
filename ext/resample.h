/* The loop of ext/resample.pyx, read once a path by simd.h.
 *
 * Integers throughout, so that the order of a sum is the compiler's to choose; and 16 bits wide, because a product of
 * two int16 vectors whose neighbours are added to int32 is one instruction (pmaddwd). 16 bits are too few for the
 * stop-band, so a coefficient has two parts, high + low / 256. The low part meets only the upper byte of a sample: what
 * is left out is noise of less than 0.1 of a sample's step. A row of the bank is `width` high parts, which add up to
 * ROW_SUM, and then `width` low parts, which add up to 0.
 * The rows stand in the order in which a stream comes by them, so that the processor fetches ahead: at 22.05 → 8 kHz
 * they are twice as large as its first cache.
 */

#ifndef EXT_RESAMPLE_H
#define EXT_RESAMPLE_H

enum {
    ROW_SUM = 1 << 14,  /* with magnitudes below 2**16 in all, which a filter of gain 1 is far from, no sum overflows */
    LOW_ONE = 1 << 8,  /* low parts that make 1 in the high part */
    ROW_MULTIPLE = 32,  /* samples in the widest vector */
    ROW_ALIGNMENT = 64,
    GROUP = 64  /* outputs that are rounded together */
};

/* Where the next output is made: its first sample, its row of the bank, and how many phases it lies behind a sample. */
typedef struct {
    const int16_t *window;
    int row;
    int phase;
} position;

#endif

/* Writes `count` outputs and moves the position behind them. Each takes `width` samples and a row of the bank; the next
 * one starts `whole` samples and `part` of `phases` phases later. `width` is a multiple of ROW_MULTIPLE, `bank` is aligned
 * to ROW_ALIGNMENT. */
SIMD_LOOP void SIMD(filter)(
    int16_t *restrict target, ptrdiff_t count, position *at, const int16_t *restrict bank, ptrdiff_t width,
    int phases, int whole, int part)
{
    const int16_t *restrict window = at->window;
    int row = at->row;
    int phase = at->phase;
    int32_t sums[GROUP];
    width &= -ROW_MULTIPLE;
    while (count > 0) {
        const ptrdiff_t group = count < GROUP ? count : GROUP;
        for (ptrdiff_t n = 0; n < group; n++) {
            const int16_t *highs = __builtin_assume_aligned(bank + 2 * width * row, ROW_ALIGNMENT);
            const int16_t *lows = __builtin_assume_aligned(highs + width, ROW_ALIGNMENT);
            int32_t high = 0;
            int32_t low = 0;
#if SIMD_SAMPLES < 32 && !defined(__clang__)
            /* With short vectors a row takes up to 20 turns, too many for the end to be foreseen; clang unrolls by itself. */
#pragma GCC unroll 2
#endif
            for (ptrdiff_t i = 0; i < width; i++) {
                high += window[i] * highs[i];
                low += (int16_t) (window[i] >> 8) * lows[i];
            }
            sums[n] = high + low;
            row = row + 1 == phases ? 0 : row + 1;
            window += whole;
            phase += part;
            if (phase >= phases) {
                phase -= phases;
                window++;
            }
        }
        for (ptrdiff_t n = 0; n < group; n++) {
            const int32_t rounded = (sums[n] + ROW_SUM / 2) >> 14;
            target[n] = (int16_t) (rounded > INT16_MAX ? INT16_MAX : rounded < INT16_MIN ? INT16_MIN : rounded);
        }
        target += group;
        count -= group;
    }
    at->window = window;
    at->row = row;
    at->phase = phase;
}
