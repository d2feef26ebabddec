"""Heap: large blocks of memory go back to the system as soon as they are freed, where the C library is glibc."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
LARGE_BYTES = 128 * 1024  # what glibc begins with


def give_back_large_blocks() -> bool:
    """Whether the C library does so from now on; call it before anything large is made.

    By itself glibc raises both thresholds to the largest block that was ever freed. The solver's arrays then grow
    inside the heap, where each growth leaves a hole: 8 MB more at the peak of a plan with 5-minute slots, and 10 MB
    that a process keeps after it. Other C libraries have no such call and are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(option, LARGE_BYTES) == 1 for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))


def give_back_free_pages() -> bool:
    """Whether pages inside the heap went back that hold nothing any more; a few milliseconds.

    A search for on/off decisions takes some 25 MB in small blocks and frees them. What is made beside them and stays
    keeps the heap from shrinking, and each search would begin above the holes of the last one. Other C libraries have
    no such call.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and trim(0) == 1
