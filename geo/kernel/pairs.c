/* Sums over pairs of points, replicate by replicate, while times or labels are shuffled and the places stand still.

   Replicate r draws from stream(seed, r) and from nothing else, so it is the same in whatever block or thread it runs.
   A shuffle is told by `members`, the points stratum by stratum, and `starts` (strata + 1), where each stratum begins:
   nothing ever moves from one stratum to another. Functions return 0, or -1 where memory is short. */
#include "kernel.h"

#define pairs_orders OF_LEVEL(pairs_orders)
#define pairs_close OF_LEVEL(pairs_close)
#define pairs_alike OF_LEVEL(pairs_alike)
#define pairs_labelled OF_LEVEL(pairs_labelled)
#define pairs_share_inside OF_LEVEL(pairs_share_inside)

enum { LANES = 64, MOST = INT16_MAX };

typedef struct { int32_t points, strata; const int32_t *members, *starts; } Shuffle;

/* order[p] becomes the point whose value p gets. */
static void shuffled(Stream *g, const Shuffle *s, int32_t *order) {
    for (int32_t p = 0; p < s->points; p++) order[p] = p;
    for (int32_t k = 0; k < s->strata; k++) {
        const int32_t *m = s->members + s->starts[k];
        for (int32_t left = s->starts[k + 1] - s->starts[k]; left > 1; left--) {
            int32_t a = m[below(g, (uint32_t)left)], b = m[left - 1], kept = order[a];
            order[a] = order[b];
            order[b] = kept;
        }
    }
}

/* orders[replicate][p]: the point whose value p gets. */
EXPORTED int32_t pairs_orders(int32_t points, int32_t strata, const int32_t *members, const int32_t *starts,
                              uint64_t seed, int64_t first, int64_t count, int32_t *orders) {
    Shuffle s = {points, strata, members, starts};
    for (int64_t r = 0; r < count; r++) {
        Stream g = stream(seed, (uint64_t)(first + r));
        shuffled(&g, &s, orders + r * points);
    }
    return 0;
}

/* Close in time: how many of the pairs first[from..to) lie within each of the `limits`, lane by lane. */
static void add_close(const int16_t *times, const int32_t *one, const int32_t *other, int64_t from, int64_t to,
                                 const int16_t *limits, int32_t n_limits, int16_t *close) {
    for (int64_t p = from; p < to; p++) {
        const int16_t *a = times + (int64_t)one[p] * LANES, *b = times + (int64_t)other[p] * LANES;
        int16_t apart[LANES];
        for (int l = 0; l < LANES; l++) {
            int16_t early = a[l] < b[l] ? a[l] : b[l], late = a[l] < b[l] ? b[l] : a[l];
            apart[l] = (int16_t)(late - early);
        }
        for (int32_t t = 0; t < n_limits; t++) {
            int16_t *c = close + t * LANES, limit = limits[t];
            for (int l = 0; l < LANES; l++) c[l] = (int16_t)(c[l] + (apart[l] <= limit));
        }
    }
}

static void count_kind(const int16_t *times, const int32_t *one, const int32_t *other, int64_t from, int64_t to,
                       const int16_t *limits, int32_t n_limits, int16_t *close, int lanes, int64_t stride, int64_t *out) {
    for (int64_t at = from; at < to; at += MOST) {
        int64_t end = at + MOST < to ? at + MOST : to;
        memset(close, 0, sizeof(int16_t) * LANES * (size_t)n_limits);
        add_close(times, one, other, at, end, limits, n_limits, close);
        for (int32_t t = 0; t < n_limits; t++)
            for (int l = 0; l < lanes; l++) out[l * stride + t] += close[t * LANES + l];
    }
}

/* counts[replicate][kind][limit]: pairs of a kind whose shuffled times (0 to 32767) differ by no more than a limit. The
   pairs of kind k are kinds[k] to kinds[k + 1]. `orders` false: the times as they stand, once. */
EXPORTED int32_t pairs_close(int32_t points, int32_t strata, const int32_t *members, const int32_t *starts,
                             const int16_t *time, int32_t n_kinds, const int64_t *kinds, const int32_t *one,
                             const int32_t *other, int32_t n_limits, const int16_t *limits, int32_t shuffle,
                             uint64_t seed, int64_t first, int64_t count, int64_t *counts) {
    Shuffle s = {points, strata, members, starts};
    int64_t stride = (int64_t)n_kinds * n_limits;
    int16_t *times = calloc((size_t)points * LANES, sizeof *times), *close = malloc(sizeof *close * LANES * (size_t)n_limits);
    int32_t *order = malloc(sizeof *order * (size_t)points), failed = !times || !close || !order;
    memset(counts, 0, sizeof *counts * (size_t)(count * stride));
    for (int64_t r = 0; !failed && r < count; r += LANES) {
        int lanes = count - r < LANES ? (int)(count - r) : LANES;
        for (int l = 0; l < lanes; l++) {
            Stream g = stream(seed, (uint64_t)(first + r + l));
            if (shuffle) shuffled(&g, &s, order);
            for (int32_t p = 0; p < points; p++) times[(int64_t)p * LANES + l] = time[shuffle ? order[p] : p];
        }
        for (int32_t k = 0; k < n_kinds; k++)
            count_kind(times, one, other, kinds[k], kinds[k + 1], limits, n_limits, close, lanes, stride,
                       counts + r * stride + (int64_t)k * n_limits);
    }
    free(times); free(close); free(order);
    return failed ? -1 : 0;
}

/* counts[replicate][kind][0: alike, 1: unlike, 2 + g: both of group g]: pairs whose shuffled groups (bits, never none)
   have one in common, or none. */
EXPORTED int32_t pairs_alike(int32_t points, int32_t strata, const int32_t *members, const int32_t *starts,
                             const uint64_t *groups, int32_t n_groups, int32_t n_kinds, const int64_t *kinds,
                             const int32_t *one, const int32_t *other, int32_t shuffle, uint64_t seed, int64_t first,
                             int64_t count, int64_t *counts) {
    Shuffle s = {points, strata, members, starts};
    int32_t width = n_groups + 2, *order = malloc(sizeof *order * (size_t)points);
    uint64_t *now = malloc(sizeof *now * (size_t)points);
    int failed = !order || !now;
    memset(counts, 0, sizeof *counts * (size_t)(count * n_kinds * width));
    for (int64_t r = 0; !failed && r < count; r++) {
        Stream g = stream(seed, (uint64_t)(first + r));
        if (shuffle) shuffled(&g, &s, order);
        for (int32_t p = 0; p < points; p++) now[p] = groups[shuffle ? order[p] : p];
        for (int32_t k = 0; k < n_kinds; k++) {
            int64_t *c = counts + (r * n_kinds + k) * width;
            for (int64_t p = kinds[k]; p < kinds[k + 1]; p++) {
                uint64_t shared = now[one[p]] & now[other[p]];
                c[shared ? 0 : 1]++;
                for (; shared; shared &= shared - 1) c[2 + __builtin_ctzll(shared)]++;
            }
        }
    }
    free(order); free(now);
    return failed ? -1 : 0;
}

/* sums[replicate][bin]: over ordered pairs p of point i (starts_of[i] to starts_of[i + 1]) with i of label 1 and its
   partner of label 2 (bits of `label`, shuffled), the pair's weight in bins since[p] to until[p] - 1; and
   totals[replicate][bin]: values[i][bin] over points i of label 1. */
EXPORTED int32_t pairs_labelled(int32_t points, int32_t strata, const int32_t *members, const int32_t *starts,
                                const uint8_t *label, const int64_t *starts_of, const int32_t *partner,
                                const double *weight, const int32_t *since, const int32_t *until, int32_t bins,
                                const double *values, int32_t shuffle, uint64_t seed, int64_t first, int64_t count,
                                double *sums, double *totals) {
    Shuffle s = {points, strata, members, starts};
    int32_t *order = malloc(sizeof *order * (size_t)points);
    uint8_t *now = malloc((size_t)points);
    double *steps = malloc(sizeof *steps * (size_t)(bins + 1));
    int failed = !order || !now || !steps;
    memset(totals, 0, sizeof *totals * (size_t)(count * bins));
    for (int64_t r = 0; !failed && r < count; r++) {
        Stream g = stream(seed, (uint64_t)(first + r));
        if (shuffle) shuffled(&g, &s, order);
        for (int32_t p = 0; p < points; p++) now[p] = label[shuffle ? order[p] : p];
        memset(steps, 0, sizeof *steps * (size_t)(bins + 1));
        for (int32_t i = 0; i < points; i++) {
            if (!(now[i] & 1)) continue;
            for (int32_t b = 0; b < bins; b++) totals[r * bins + b] += values[(int64_t)i * bins + b];
            for (int64_t p = starts_of[i]; p < starts_of[i + 1]; p++) {
                if (!(now[partner[p]] & 2)) continue;
                steps[since[p]] += weight[p];
                steps[until[p]] -= weight[p];
            }
        }
        double sum = 0;
        for (int32_t b = 0; b < bins; b++) sums[r * bins + b] = sum += steps[b];
    }
    free(order); free(now); free(steps);
    return failed ? -1 : 0;
}

static int by_angle(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Whether a point lies within the window, whose edges (x0, y0, x1, y1) need no order; holes count even-odd. */
static int within(double x, double y, int32_t edges, const double *edge) {
    int in = 0;
    for (const double *e = edge; e < edge + 4 * (int64_t)edges; e += 4)
        if ((e[1] > y) != (e[3] > y) && x < e[0] + (y - e[1]) / (e[3] - e[1]) * (e[2] - e[0])) in = !in;
    return in;
}

static int crossings(double x, double y, double radius, int32_t edges, const double *edge, double *at) {
    int found = 0;
    for (const double *e = edge; e < edge + 4 * (int64_t)edges; e += 4) {
        double dx = e[2] - e[0], dy = e[3] - e[1], fx = e[0] - x, fy = e[1] - y;
        double a = dx * dx + dy * dy, b = fx * dx + fy * dy, left = b * b - a * (fx * fx + fy * fy - radius * radius);
        if (a <= 0 || left <= 0) continue;
        for (int side = -1; side <= 1; side += 2) {
            double part = (-b + side * sqrt(left)) / a;
            if (part >= 0 && part <= 1) at[found++] = atan2(fy + part * dy, fx + part * dx);
        }
    }
    return found;
}

/* share[c]: the part of the line of circle c that lies within the window. */
EXPORTED int32_t pairs_share_inside(int64_t circles, const double *x, const double *y, const double *radius, int32_t edges,
                                    const double *edge, double *share) {
    const double turn = 6.283185307179586476925;
    double *at = malloc(sizeof *at * (2 * (size_t)edges + 1));
    if (!at) return -1;
    for (int64_t c = 0; c < circles; c++) {
        int found = crossings(x[c], y[c], radius[c], edges, edge, at);
        if (!found) at[found++] = 0.0;
        qsort(at, (size_t)found, sizeof *at, by_angle);
        at[found] = at[0] + turn;
        share[c] = 0;
        for (int k = 0; k < found; k++) {
            double middle = (at[k] + at[k + 1]) / 2;
            if (within(x[c] + radius[c] * cos(middle), y[c] + radius[c] * sin(middle), edges, edge))
                share[c] += (at[k + 1] - at[k]) / turn;
        }
    }
    free(at);
    return 0;
}
