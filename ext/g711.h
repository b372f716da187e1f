/* The loops of ext/g711.pyx, read once a path by simd.h.
 *
 * G.711's codes are floating-point numbers: three bits of exponent and four of fraction. So the conversion to float32
 * does the search for the segment: above the bias, the eight bits from bit 19 of a float32 are exponent and fraction
 * of the code, exponents being EXPONENT_BIAS + log2. All values are integers below 2**24, which float32 holds exactly.
 */

#ifndef EXT_G711_H
#define EXT_G711_H

enum {
    FRACTION_SHIFT = 19,  /* float32 has 23 bits of fraction, a code 4 */
    EXPONENT_BIAS = 127,
    INTERVAL_MIDDLE = 1 << 18,  /* half a step, below the code's last bit */
    ULAW_BIAS = 33,  /* first decision value of segment 2 minus 2, in 14-bit units; log2 is 5 in segment 0 */
    ULAW_CLIP = 8158,  /* largest 14-bit magnitude below the virtual decision value 8159 */
    ULAW_SEGMENT_0 = (EXPONENT_BIAS + 5) << 4,
    ALAW_LINEAR = 32,  /* first decision value of segment 1, in 13-bit units; below, segment 0 has its step */
    ALAW_SEGMENT_0 = (EXPONENT_BIAS + 4) << 4,
    EVEN_BITS = 0x55,  /* A-law inverts every second bit on the line */
    SIGN_BIT = 0x80,
    CODE_BITS = 0x7F
};

/* A float32's bits, and back. */
#define FLOAT_BITS(bits, value) memcpy(&(bits), &(value), sizeof(bits))
#define BITS_FLOAT(value, bits) memcpy(&(value), &(bits), sizeof(value))

#endif

SIMD_LOOP void SIMD(ulaw_encode)(uint8_t *restrict target, const int16_t *restrict source, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t linear = (int16_t) (source[i] >> 2);
        const int16_t sign = (int16_t) (linear >> 15);
        int16_t magnitude = (int16_t) ((linear ^ sign) - sign);
        uint32_t bits;
        magnitude = magnitude < ULAW_CLIP ? magnitude : ULAW_CLIP;
        magnitude = (int16_t) (magnitude + ULAW_BIAS);
        const float value = (float) magnitude;
        FLOAT_BITS(bits, value);
        const int16_t code = (int16_t) (bits >> FRACTION_SHIFT);
        target[i] = (uint8_t) ((code - ULAW_SEGMENT_0) ^ (0xFF ^ (sign & SIGN_BIT)));
    }
}

SIMD_LOOP void SIMD(ulaw_decode)(int16_t *restrict target, const uint8_t *restrict source, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t code = source[i];
        const int16_t sign = (int16_t) ((code >> 7) - 1);
        const int16_t exponent_fraction = (int16_t) (CODE_BITS - (code & CODE_BITS));
        /* Two more than the segment's exponent: 14-bit values as 16-bit samples. */
        const uint32_t bits =
            ((uint32_t) (exponent_fraction + ULAW_SEGMENT_0 + (2 << 4)) << FRACTION_SHIFT) + INTERVAL_MIDDLE;
        float value;
        BITS_FLOAT(value, bits);
        const int16_t magnitude = (int16_t) ((int16_t) (int32_t) value - 4 * ULAW_BIAS);
        target[i] = (int16_t) ((magnitude ^ sign) - sign);
    }
}

SIMD_LOOP void SIMD(alaw_encode)(uint8_t *restrict target, const int16_t *restrict source, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t linear = (int16_t) (source[i] >> 3);
        const int16_t sign = (int16_t) (linear >> 15);
        /* A-law has no zero: the values -1 and 0 lie on either side of the first decision value. */
        int16_t magnitude = (int16_t) (linear ^ sign);
        const int16_t segment_0 = (int16_t) -(magnitude < ALAW_LINEAR);
        uint32_t bits;
        /* Segment 0 is coded as if it were segment 1, and its number taken off afterwards. */
        magnitude = (int16_t) (magnitude + (segment_0 & ALAW_LINEAR));
        const float value = (float) magnitude;
        FLOAT_BITS(bits, value);
        const int16_t code = (int16_t) ((int16_t) (bits >> FRACTION_SHIFT) - ALAW_SEGMENT_0 - (segment_0 & 0x10));
        target[i] = (uint8_t) (code ^ ((EVEN_BITS | SIGN_BIT) ^ (sign & SIGN_BIT)));
    }
}

SIMD_LOOP void SIMD(alaw_decode)(int16_t *restrict target, const uint8_t *restrict source, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t code = source[i] ^ EVEN_BITS;
        const int16_t sign = (int16_t) ((code >> 7) - 1);
        const int16_t exponent_fraction = code & CODE_BITS;
        const int16_t segment_0 = (int16_t) -(exponent_fraction < 0x10);
        /* Three more than the segment's exponent: 13-bit values as 16-bit samples. */
        const uint32_t bits =
            ((uint32_t) (exponent_fraction + (segment_0 & 0x10) + ALAW_SEGMENT_0 + (3 << 4)) << FRACTION_SHIFT)
            + INTERVAL_MIDDLE;
        float value;
        BITS_FLOAT(value, bits);
        const int16_t magnitude = (int16_t) ((int16_t) (int32_t) value - (segment_0 & (8 * ALAW_LINEAR)));
        target[i] = (int16_t) ((magnitude ^ sign) - sign);
    }
}
