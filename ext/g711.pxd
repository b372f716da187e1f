from libc.stdint cimport int16_t, uint8_t

include "consts.pxi"

cdef void ulaw_encode_samples(uint8_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil
cdef void ulaw_decode_codes(int16_t *target, const uint8_t *source, Py_ssize_t count) noexcept nogil
cdef void alaw_encode_samples(uint8_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil
cdef void alaw_decode_codes(int16_t *target, const uint8_t *source, Py_ssize_t count) noexcept nogil
