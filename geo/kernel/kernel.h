/* What the scan's parts share: the job, the random stream of a replicate, the order of places around a centre.

   Everything here is compiled once for each instruction set; LEVEL names it. No function keeps anything between calls. */
#ifndef KERNEL_H
#define KERNEL_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define OF_LEVEL(name) JOIN(name##_, LEVEL)
#define EXPORTED __attribute__((visibility("default")))

enum { BERNOULLI = 0, POISSON = 1, MULTINOMIAL = 2 };
enum { LABELS = 0, SHARES = 1, PLACING = 2, TIMES = 3, MIXES = 4 };
enum { HIGH = 1, LOW = 2 };

/* Parts of cases are added up in different orders: a sum may miss a limit by this much and still be on it. */
#define JUST 1e-9

/* One scan. Arrays belong to the caller; sizes are in the names beside them. */
typedef struct {
    int32_t model, null, places, centres, bins, categories, intervals, rates, strata, dims;
    int64_t records;
    const double *x, *y, *z;        /* places; z only when dims is 3 */
    const double *cx, *cy, *cz;     /* centres */
    const double *size;             /* what the largest circle is measured by, by place */
    double most, reach;             /* its limit, and that of the squared distance */
    double fine;                    /* distances that differ by no more are one: the error of the coordinates */
    const int32_t *place, *bin, *kind;
    const double *weight, *share;   /* by record */
    const double *measure;          /* places x bins: records (Bernoulli, multinomial) or expectation (Poisson) */
    double cases, total;            /* in all: cases, and the measure */
    const double *mixes;            /* records x categories */
    const int32_t *from, *to;       /* intervals of bins, the end not included */
    double least_high, least_low, penalty;
    uint64_t seed;
    volatile const int32_t *stop;
} Job;

/* The best window of a centre: `count` nearest places, an interval, what lies within. */
typedef struct {
    double ratio, cases, measure, key;
    int32_t count, interval, high, unused;
} Best;

/* xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64 from the seed and the number of the replicate. */
typedef struct { uint64_t s[4]; } Stream;

static inline uint64_t splitmix(uint64_t *z) {
    uint64_t v = (*z += 0x9E3779B97F4A7C15u);
    v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9u;
    v = (v ^ (v >> 27)) * 0x94D049BB133111EBu;
    return v ^ (v >> 31);
}

static inline Stream stream(uint64_t seed, uint64_t replicate) {
    uint64_t z = seed;
    z = splitmix(&z) ^ (replicate * 0xD1342543DE82EF95u);
    Stream s;
    for (int i = 0; i < 4; i++) s.s[i] = splitmix(&z);
    return s;
}

static inline uint64_t drawn(Stream *g) {
    uint64_t *s = g->s, sum = s[0] + s[3], out = ((sum << 23) | (sum >> 41)) + s[0], t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

/* A whole number below `n`, each as likely (Lemire 2019). */
static inline uint32_t below(Stream *g, uint32_t n) {
    uint64_t m = (drawn(g) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t least = (uint32_t)(-n) % n;
        while ((uint32_t)m < least) m = (drawn(g) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

static inline double unit(Stream *g) { return (double)(drawn(g) >> 11) * 0x1p-53; }

/* x ln x, from a table for whole numbers below its length. */
typedef struct { double *of; int64_t length; } Logs;

static inline double xlx(const Logs *t, double x) {
    int64_t i = (int64_t)x;
    if (i >= 0 && i < t->length && (double)i == x) return t->of[i];
    return x > 0 ? x * log(x) : 0.0;
}

/* Places around a centre in blocks of growing size: whole blocks are in order of distance, places within one only after
   `order_block`. Places at one distance are never in two blocks: those are at one distance whose distances differ by no
   more than the job's `fine`. */
typedef struct {
    double fine;
    int32_t count, blocks;
    int32_t *near, *end;        /* places; where each block ends */
    uint8_t *done;              /* whether a block is sorted */
    double *key;                /* squared distance, by place */
    uint32_t *code;
    int32_t *start, buckets, room;
} Order;

/* A block holds `grow` of the places within it and `root` times the root of their number, but `least` at the least; a
   bucket holds about `wide` quarters of a place. */
typedef struct { double grow, root; int32_t least, wide; } Blocks;

#define order_new OF_LEVEL(order_new)
#define order_free OF_LEVEL(order_free)
#define order_around OF_LEVEL(order_around)
#define order_block OF_LEVEL(order_block)
#define logs_new OF_LEVEL(logs_new)
Order *order_new(const Job *job);
void order_free(Order *o);
void order_around(Order *o, const Job *job, int32_t centre, Blocks blocks);
void order_block(Order *o, int32_t block);
Logs logs_new(double most);

/* Whether a squared distance is further than another one. */
static inline int further(double fine, double far, double near) {
    return far - near > fine * (2 * sqrt(far) + fine);
}

/* Whether the circle may end after position i: the next place lies further out. */
static inline int ends(const Order *o, int32_t i, int32_t stop) {
    return i + 1 == stop || further(o->fine, o->key[o->near[i + 1]], o->key[o->near[i]]);
}

static inline int32_t block_from(const Order *o, int32_t block) { return block ? o->end[block - 1] : 0; }

/* Likelihood ratios, against the same total in and out (Kulldorff 1997). `c` cases in a window of measure `m`. */
static inline double ratio_poisson(const Logs *t, double c, double m, double cases, double total) {
    if (m >= total) return 0.0;
    double in = c > 0 ? xlx(t, c) - c * log(m * (cases / total)) : 0.0, rest = cases - c;
    return in + (rest > 0 ? xlx(t, rest) - rest * log((total - m) * (cases / total)) : 0.0);
}

static inline double ratio_bernoulli(const Logs *t, double c, double m, double cases, double total) {
    if (m >= total) return 0.0;
    return xlx(t, c) + xlx(t, m - c) - xlx(t, m) + xlx(t, cases - c) + xlx(t, total - m - cases + c) - xlx(t, total - m)
         - (xlx(t, cases) + xlx(t, total - cases) - xlx(t, total));
}

static inline double ratio_of(int model, const Logs *t, double c, double m, double cases, double total) {
    return model == POISSON ? ratio_poisson(t, c, m, cases, total) : ratio_bernoulli(t, c, m, cases, total);
}

/* Raise *best to v; several threads may do so at once. */
static inline void raise_to(double *best, double v) {
    double seen;
    __atomic_load(best, &seen, __ATOMIC_RELAXED);
    while (v > seen && !__atomic_compare_exchange(best, &seen, &v, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

#endif
