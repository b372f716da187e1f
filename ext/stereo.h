/* The loops of ext/tracks.pyx, read once a path by simd.h. */

/* The sum in 16 bits, and its limit where it left them: int32 would halve the vectors. */
SIMD_LOOP void SIMD(add)(
    int16_t *restrict target, const int16_t *restrict first, const int16_t *restrict second, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t sum = (int16_t) (uint16_t) (first[i] + second[i]);
        /* Out of range: both have one sign and the sum the other. */
        const int16_t out = (int16_t) ((int16_t) ((first[i] ^ sum) & (second[i] ^ sum)) >> 15);
        const int16_t limit = (int16_t) ((first[i] >> 15) ^ INT16_MAX);
        target[i] = (int16_t) ((sum & ~out) | (limit & out));
    }
}

SIMD_LOOP void SIMD(weave)(
    int16_t *restrict target, const int16_t *restrict left, const int16_t *restrict right, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        target[2 * i] = left[i];
        target[2 * i + 1] = right[i];
    }
}

SIMD_LOOP void SIMD(unweave)(
    int16_t *restrict left, int16_t *restrict right, const int16_t *restrict source, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        left[i] = source[2 * i];
        right[i] = source[2 * i + 1];
    }
}
