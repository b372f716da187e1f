# Constants that more than one kernel shares. Included by the .pxd files; units are in the names.

cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "ext reads s16le samples in place and needs a little-endian machine"
    #endif
    """

cdef enum:
    SAMPLE_BYTES = 2  # s16le
    SAMPLE_MAX = 32767
    SAMPLE_MIN = -32768

cdef enum:  # AudioSocket: header of a frame and its kinds (Asterisk, res/res_audiosocket.c)
    HEADER_BYTES = 3  # kind u8, length u16 big-endian
    PAYLOAD_MAX_BYTES = 65535
    KIND_SLIN_8000_BYTE = 0x10

cdef enum:  # one frame of the telephone: 20 ms at 8 kHz
    LINE_RATE_HZ = 8000
    FRAME_MS = 20
    FRAME_SAMPLES = 160
    FRAME_BYTES = 320
    WIRE_FRAME_BYTES = 323  # header + payload
    SAMPLES_PER_MS = 8
    SAMPLE_US = 125

cdef enum:  # gains in Q15
    UNITY_Q15 = 32768
    HALF_Q15 = 16384
