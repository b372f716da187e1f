/* The loops of ext/playout.pyx that vectors speed up, read once a path by simd.h. */

/* The lag at which the last `count` samples differ least from those before them; the shortest of equals. */
SIMD_LOOP int SIMD(best_lag)(const int16_t *end, int count, int shortest, int longest)
{
    const int16_t *recent = end - count;
    uint32_t least = UINT32_MAX;
    int best = shortest;
    for (int lag = shortest; lag <= longest; lag++) {
        const int16_t *earlier = recent - lag;
        uint32_t difference = 0;
        for (int i = 0; i < count; i++) {
            const int16_t high = recent[i] > earlier[i] ? recent[i] : earlier[i];
            const int16_t low = recent[i] > earlier[i] ? earlier[i] : recent[i];
            difference += (uint16_t) (high - low);
        }
        if (difference < least) {
            least = difference;
            best = lag;
        }
    }
    return best;
}

/* White noise from a counter: sample i is the hash of state + i * step (the last steps of MurmurHash3, Appleby), so that
 * no sample waits for the one before. */
SIMD_LOOP void SIMD(noise)(int16_t *restrict target, int count, uint32_t state, uint32_t step, int amplitude)
{
    for (int i = 0; i < count; i++) {
        uint32_t hash = state + (uint32_t) i * step;
        hash ^= hash >> 16;
        hash *= 0x85EBCA6Bu;
        hash ^= hash >> 13;
        hash *= 0xC2B2AE35u;
        target[i] = (int16_t) (((int32_t) (hash >> 16) - 32768) * amplitude >> 15);
    }
}
