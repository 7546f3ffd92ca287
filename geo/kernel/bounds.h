/* Thresholds: the least count, at a given measure, whose ratio beats what a replicate has reached already. */
#ifndef BOUNDS_H
#define BOUNDS_H

#include "kernel.h"

/* Measures that a window can have, in steps that are fine beside the count's own spread: sixteenths of an octave up to
   EVEN expected cases, tenths of a root from there on. A threshold is kept for the lower edge of each step. Whole
   measures (records) are rounded up to the next whole number, which is as safe. */
#define EVEN 10.0
#define STEPS 10.0

typedef struct {
    int32_t count, logs;        /* steps in all, and those below EVEN */
    uint64_t first;
    double scale;               /* expected cases to a unit of measure */
    double *edge, *in, *out;    /* lower edge; logarithms of what is expected within and without */
} Slots;

static inline uint64_t sixteenths(double e) {
    uint64_t bits;
    memcpy(&bits, &e, 8);
    return bits >> 48;
}

static inline int32_t slot_at(const Slots *s, double m) {
    double e = m * s->scale;
    int64_t at = e < EVEN ? (int64_t)sixteenths(e) - (int64_t)s->first
                          : s->logs + (int64_t)((sqrt(e) - sqrt(EVEN)) * STEPS);
    return at < 0 ? 0 : at < s->count ? (int32_t)at : s->count - 1;
}

/* The lower edge of a step, a hair below what `slot_at` would have it, for the sake of rounding. */
static inline double slot_bound(const Slots *s, int32_t slot) {
    double e, root = (slot - s->logs) / STEPS + sqrt(EVEN);
    uint64_t bits = (s->first + (uint64_t)slot) << 48;
    memcpy(&e, &bits, 8);
    return (slot < s->logs ? e : root * root * (1 - 1e-12)) / s->scale;
}

static inline Slots slots_new(const Job *job, double least, double most) {
    double scale = job->cases / job->total;
    most = fmin(most, job->total) * scale;
    least = fmin(fmax(least * scale, most * 0x1p-24), EVEN / 2);
    uint64_t first = sixteenths(least);
    int32_t logs = (int32_t)(sixteenths(EVEN) - first);
    int32_t roots = most > EVEN ? (int32_t)((sqrt(most) - sqrt(EVEN)) * STEPS) + 1 : 0;
    Slots s = {logs + roots, logs, first, scale, NULL, NULL, NULL};
    s.edge = malloc((size_t)s.count * 3 * sizeof(double));
    s.in = s.edge + s.count;
    s.out = s.in + s.count;
    for (int32_t i = 0; i < s.count; i++) {
        double m = slot_bound(&s, i), e = m * scale;
        s.edge[i] = job->model == BERNOULLI && job->null == LABELS ? ceil(m - 1e-9) : m;
        s.in[i] = log(e);
        s.out[i] = e < job->cases ? log(job->cases - e) : 0;
    }
    return s;
}

/* The largest ratio that `c` cases can have in windows of this slot's measure or more. */
static inline double at_slot(const Job *job, const Logs *t, const Slots *s, int32_t slot, double c, double cases) {
    double m = s->edge[slot];
    if (m >= job->total) return 0;
    if (job->model == POISSON && cases == job->cases)
        return xlx(t, c) - c * s->in[slot] + (cases > c ? xlx(t, cases - c) - (cases - c) * s->out[slot] : 0);
    return ratio_of(job->model, t, c, job->model == BERNOULLI ? fmax(m, c) : m, cases, job->total);
}

/* The least count from `from` on whose ratio of high rate passes the goal; infinite if none does. */
static inline double least_above(const Job *job, const Logs *t, const Slots *s, int32_t slot, double goal, double cases,
                          double from, int whole) {
    double even = s->edge[slot] * cases / job->total, hi, step;
    double lo = fmax(from, whole ? floor(even) + 1 : even * (1 + 1e-12));
    if (lo > cases) return INFINITY;
    if (at_slot(job, t, s, slot, lo, cases) > goal) return lo;
    for (step = whole ? 1 : fmax(lo, 1e-6 * cases) * 0.01;; lo = hi, step *= 2) {
        hi = fmin(lo + step, cases);
        if (at_slot(job, t, s, slot, hi, cases) > goal) break;
        if (hi >= cases) return INFINITY;
    }
    while (hi - lo > (whole ? 1.0 : 1e-7 * hi)) {
        double mid = whole ? floor((lo + hi) / 2) : (lo + hi) / 2;
        if (at_slot(job, t, s, slot, mid, cases) > goal) hi = mid; else lo = mid;
    }
    return whole ? hi : lo;
}

/* The largest ratio of low rate of `c` cases in windows of measure `m` or less: without bound where m is all there is,
   since a window a little smaller leaves nearly nothing to be expected without. */
static inline double at_most(const Job *job, const Logs *t, double m, double c, double cases) {
    if (job->model == BERNOULLI) m = fmin(m, c + job->total - cases);
    return m < job->total * (1 - 1e-9) || c >= cases ? ratio_of(job->model, t, c, m, cases, job->total) : INFINITY;
}

/* The greatest count whose ratio of low rate passes the goal in windows of measure `m` or less; -1 if none does. */
static inline double most_above(const Job *job, const Logs *t, double m, double goal, double cases, double from, int whole) {
    double even = fmin(m * cases / job->total, cases), lo = fmax(job->least_low - JUST, 0), hi = whole ? ceil(even) : even;
    if (whole) lo = ceil(lo);
    if (lo >= even || at_most(job, t, m, lo, cases) <= goal) return -1;
    if (from > lo && from < even && at_most(job, t, m, from, cases) > goal) lo = from;
    while (hi - lo > (whole ? 1.0 : 1e-7 * hi)) {
        double mid = whole ? floor((lo + hi) / 2) : (lo + hi) / 2;
        if (at_most(job, t, m, mid, cases) > goal) lo = mid; else hi = mid;
    }
    return whole ? lo : hi;
}

#endif
