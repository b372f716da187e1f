from libc.stdint cimport int16_t, uint8_t

include "consts.pxi"

cdef enum:
    ULAW_INPUTS = 16384  # 14-bit linear values
    ALAW_INPUTS = 8192  # 13-bit linear values
    ULAW_BIAS = 33  # first decision value of segment 2 minus 2, in 14-bit units
    ULAW_CLIP = 8158  # largest 14-bit magnitude below the virtual decision value 8159
    EVEN_BITS = 0x55  # A-law inverts every second bit on the line
    SIGN_BIT = 0x80

cdef uint8_t ulaw_code(int linear_14) noexcept nogil
cdef uint8_t alaw_code(int linear_13) noexcept nogil
cdef int16_t ulaw_sample(int code) noexcept nogil
cdef int16_t alaw_sample(int code) noexcept nogil
cdef void build_tables() noexcept nogil
