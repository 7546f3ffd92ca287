/* Thresholds: the least count, at a given measure, whose ratio beats what a replicate has reached already. */
#ifndef BOUNDS_H
#define BOUNDS_H

#include "kernel.h"

/* Measures by sixteenths of an octave between the least and the largest that a window can have; a threshold is kept for
   the lower edge of each. Whole measures (records) are rounded up to the next whole number, which is as safe. */
typedef struct {
    int32_t count;
    uint64_t first;
    double *edge, *in, *out;    /* lower edge; logarithms of what is expected within and without */
} Slots;

static inline double slot_bound(const Slots *s, int32_t slot) {
    uint64_t bits = (s->first + (uint64_t)slot) << 48;
    double m;
    memcpy(&m, &bits, 8);
    return m;
}

static Slots slots_new(const Job *job, double least, double most) {
    uint64_t a, b;
    most = fmin(most, job->total) * (1 + 1e-9);
    least = fmax(least, most * 0x1p-24);
    memcpy(&a, &least, 8);
    memcpy(&b, &most, 8);
    Slots s = {(int32_t)((b >> 48) - (a >> 48)) + 2, a >> 48, NULL, NULL, NULL};
    s.edge = malloc((size_t)s.count * 3 * sizeof(double));
    s.in = s.edge + s.count;
    s.out = s.in + s.count;
    for (int32_t i = 0; i < s.count; i++) {
        double m = slot_bound(&s, i), e = m * (job->cases / job->total);
        s.edge[i] = job->model == BERNOULLI && job->null == LABELS ? ceil(m) : m;
        s.in[i] = log(e);
        s.out[i] = e < job->cases ? log(job->cases - e) : 0;
    }
    return s;
}

static inline int32_t slot_at(const Slots *s, double m) {
    uint64_t bits;
    memcpy(&bits, &m, 8);
    int64_t at = (int64_t)(bits >> 48) - (int64_t)s->first;
    return at < 0 ? 0 : at < s->count ? (int32_t)at : s->count - 1;
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
static double least_above(const Job *job, const Logs *t, const Slots *s, int32_t slot, double goal, double cases,
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

/* The greatest count whose ratio of low rate passes the goal in windows of measure `m` or less; -1 if none does. */
static double most_above(const Job *job, const Logs *t, double m, double goal, double cases, double from, int whole) {
    double even = fmin(m * cases / job->total, cases), lo = job->least_low, hi = whole ? ceil(even) : even;
    double spare = job->model == BERNOULLI ? job->total - cases : INFINITY;
    if (lo >= even || ratio_of(job->model, t, lo, fmin(m, lo + spare), cases, job->total) <= goal) return -1;
    if (from > lo && from < even && ratio_of(job->model, t, from, fmin(m, from + spare), cases, job->total) > goal) lo = from;
    while (hi - lo > (whole ? 1.0 : 1e-7 * hi)) {
        double mid = whole ? floor((lo + hi) / 2) : (lo + hi) / 2;
        if (ratio_of(job->model, t, mid, fmin(m, mid + spare), cases, job->total) > goal) lo = mid; else hi = mid;
    }
    return whole ? lo : hi;
}

#endif
