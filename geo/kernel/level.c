/* Which of the compiled levels this machine, and its operating system, can run. */
#include "kernel.h"

#define FIRST_v1 1
#define FIRST_v3 0
#define FIRST_v4 0

#if JOIN(FIRST_, LEVEL)
EXPORTED int kernel_level(void);

#if defined(__x86_64__)
#include <cpuid.h>

/* The states of registers that the operating system keeps for a program. */
static uint32_t kept(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

int kernel_level(void) {
    uint32_t a, b, c, d, wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_AVX512CD;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_FMA) || (kept() & 6) != 6) return 1;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2) || !(b & bit_BMI2)) return 1;
    return (b & wide) == wide && (kept() & 0xE6) == 0xE6 ? 4 : 3;
}
#else
int kernel_level(void) { return 1; }
#endif
#endif
