/* Windows by the mix of categories within (Jung, Kulldorff and Richard 2010); categories, or whole mixes, are permuted.

   Within a block the count of every category lies between those at its start and its end. The ratio is a sum of convex
   functions of them, less one of the number of records; drawn against the slope of the latter at the block's start it
   has its largest value at one of the two ends for each category, which bounds every window of the block. */
#include "draws.h"

enum { LANES = 16 };

typedef struct {
    const Job *job;
    const Cells *cells;
    Logs logs;
    double *rows;               /* units x categories x LANES */
    double *h, *p, *p0;         /* bins x categories x LANES: counts; their prefix sums at the block's end and start */
    double *in, *pm, *pm0;      /* records by bin, and prefix sums */
    double least;               /* the smallest weight of a record */
    double *all;                /* categories x LANES: records of each in all, which weights change as mixes move */
    double base[LANES], best[LANES];
    int32_t wide;               /* categories x LANES */
    Best *keep;
} Mix;

static Mix *mix_new(const Job *job, const Cells *cells) {
    Mix *x = calloc(1, sizeof *x);
    size_t bins = (size_t)job->bins + 2;
    x->job = job;
    x->cells = cells;
    x->wide = job->categories * LANES;
    x->logs = logs_new(job->total);
    x->rows = calloc((size_t)(cells->units + 1) * x->wide, sizeof(double));
    x->h = malloc(3 * bins * x->wide * sizeof(double));
    x->p = x->h + bins * x->wide;
    x->p0 = x->p + bins * x->wide;
    x->in = malloc(3 * bins * sizeof(double));
    x->pm = x->in + bins;
    x->pm0 = x->pm + bins;
    x->all = calloc((size_t)x->wide, sizeof(double));
    x->least = job->total;
    for (int64_t u = 0; u < cells->units; u++) x->least = fmin(x->least, cells->part[u]);
    return x;
}

static void mix_free(Mix *x) {
    free(x->logs.of); free(x->rows); free(x->h); free(x->in); free(x->all); free(x);
}

static void lane_filled(Mix *x, const Drawn *d, int lane) {
    const Job *job = x->job;
    for (int32_t k = 0; k < job->categories; k++) x->all[k * LANES + lane] = 0;
    for (int64_t u = 0; u < x->cells->units; u++) {
        int32_t row = x->cells->unit[d->order[u]];
        for (int32_t k = 0; k < job->categories; k++) {
            double part = job->mixes ? job->mixes[(int64_t)row * job->categories + k] : job->kind[row] == k;
            x->rows[u * x->wide + k * LANES + lane] = part;
            x->all[k * LANES + lane] += x->cells->part[u] * part;
        }
    }
    x->base[lane] = -xlx(&x->logs, job->total);
    for (int32_t k = 0; k < job->categories; k++) x->base[lane] += xlx(&x->logs, x->all[k * LANES + lane]);
}

static inline double count_of(const Mix *x, const double *p, int32_t i, int32_t k, int lane) {
    return p[(size_t)x->job->to[i] * x->wide + k * LANES + lane] - p[(size_t)x->job->from[i] * x->wide + k * LANES + lane];
}

static double ratio_mixed(const Mix *x, const double *c, double n, int lane) {
    double v = -xlx(&x->logs, n) - xlx(&x->logs, x->job->total - n) - x->base[lane];
    for (int32_t k = 0; k < x->job->categories; k++)
        v += xlx(&x->logs, c[k]) + xlx(&x->logs, fmax(x->all[k * LANES + lane] - c[k], 0));
    return v;
}

static int may_pass(const Mix *x, int32_t i, int lane) {
    double n = x->pm0[x->job->to[i]] - x->pm0[x->job->from[i]], rest = x->job->total - n;
    if (n <= 0 || rest <= 0) return 1;
    double slope = log(n / rest), v = slope * n - xlx(&x->logs, n) - xlx(&x->logs, rest) - x->base[lane];
    for (int32_t k = 0; k < x->job->categories; k++) {
        double a = count_of(x, x->p0, i, k, lane), b = count_of(x, x->p, i, k, lane), all = x->all[k * LANES + lane];
        v += fmax(xlx(&x->logs, a) + xlx(&x->logs, fmax(all - a, 0)) - slope * a,
                  xlx(&x->logs, b) + xlx(&x->logs, fmax(all - b, 0)) - slope * b);
    }
    return v > x->best[lane] * (1 - 1e-12);
}

/* Which lanes a block may pass by Pearson's statistic, which no ratio exceeds (x ln x is at most x (x - 1)), with every
   category as far from what is expected as the counts at both ends allow. */
static int near_enough(const Mix *x, int32_t i, int lanes, double n0, double n1, uint8_t *pass) {
    const Job *job = x->job;
    size_t from = (size_t)job->from[i] * x->wide, to = (size_t)job->to[i] * x->wide;
    double sum[LANES] = {0}, weight = 1 / n0 + 1 / (job->total - n1);
    for (int32_t k = 0; k < job->categories; k++) {
        const double *restrict b1 = x->p + to + (size_t)k * LANES, *restrict b0 = x->p + from + (size_t)k * LANES;
        const double *restrict a1 = x->p0 + to + (size_t)k * LANES, *restrict a0 = x->p0 + from + (size_t)k * LANES;
        const double *restrict all = x->all + (size_t)k * LANES;
        for (int r = 0; r < LANES; r++) {
            double part = all[r] / job->total, rare = part > 0 ? 1 / part : 0;
            double up = b1[r] - b0[r] - n0 * part, down = n1 * part - (a1[r] - a0[r]), d = up > down ? up : down;
            sum[r] += d * d * rare;
        }
    }
    int any = 0;
    for (int r = 0; r < lanes; r++) any |= pass[r] = sum[r] * weight * job->penalty > x->best[r] * (1 - 1e-12);
    /* Within a small window n ln(1 + statistic / n) is a closer bound (Jensen). */
    for (int r = 0; any && r < lanes; r++)
        if (pass[r]) pass[r] = job->penalty * (n1 * log1p(sum[r] / (n0 * n1)) + sum[r] / (job->total - n1))
                     > x->best[r] * (1 - 1e-12);
    return any;
}

static void weighed(Mix *x, const double *c, double n, int32_t i, int lane, double key, int32_t count) {
    if (n <= 0 || n >= x->job->total * (1 - 1e-12)) return;
    double v = x->job->penalty * ratio_mixed(x, c, n, lane);
    if (v <= x->best[lane] * (1 + 1e-12)) {
        /* Of windows that are equally good the smaller is kept. */
        if (!x->keep || v < x->best[lane] * (1 - 1e-12) || key >= x->keep->key) return;
    }
    x->best[lane] = fmax(v, x->best[lane]);
    if (x->keep) *x->keep = (Best){v, n, n, key, count, i, 1, 0};
}

static void mix_walk(Mix *x, Order *o, int32_t block, int32_t i, int lane, double *c) {
    const Job *job = x->job;
    double n = x->pm0[job->to[i]] - x->pm0[job->from[i]];
    for (int32_t k = 0; k < job->categories; k++) c[k] = count_of(x, x->p0, i, k, lane);
    order_block(o, block);
    for (int32_t at = block_from(o, block); at < o->end[block]; at++) {
        int32_t place = o->near[at];
        for (int32_t j = x->cells->start[place]; j < x->cells->start[place + 1]; j++) {
            int32_t u = x->cells->of[j];
            if (x->cells->bin[u] < job->from[i] || x->cells->bin[u] >= job->to[i]) continue;
            n += x->cells->part[u];
            for (int32_t k = 0; k < job->categories; k++) c[k] += x->cells->part[u] * x->rows[(size_t)u * x->wide + k * LANES + lane];
        }
        if (ends(o, at, o->end[block])) weighed(x, c, n, i, lane, o->key[place], at + 1);
    }
}

static void block_added(Mix *x, const Order *o, int32_t block) {
    const Job *job = x->job;
    size_t bins = (size_t)job->bins;
    memcpy(x->p0, x->p, (bins + 1) * x->wide * sizeof(double));
    memcpy(x->pm0, x->pm, (bins + 1) * sizeof(double));
    for (int32_t at = block_from(o, block); at < o->end[block]; at++) {
        int32_t place = o->near[at];
        for (int32_t j = x->cells->start[place]; j < x->cells->start[place + 1]; j++) {
            int32_t u = x->cells->of[j];
            double *restrict h = x->h + (size_t)x->cells->bin[u] * x->wide, part = x->cells->part[u];
            const double *restrict row = x->rows + (size_t)u * x->wide;
            x->in[x->cells->bin[u]] += part;
            for (int32_t k = 0; k < x->wide; k++) h[k] += part * row[k];
        }
    }
    for (size_t t = 0; t < bins; t++) {
        x->pm[t + 1] = x->pm[t] + x->in[t];
        for (int32_t k = 0; k < x->wide; k++) x->p[(t + 1) * x->wide + k] = x->p[t * x->wide + k] + x->h[t * x->wide + k];
    }
}

static void mix_centre(Mix *x, Order *o, int lanes, double *c) {
    const Job *job = x->job;
    size_t bins = (size_t)job->bins + 2;
    memset(x->h, 0, 3 * bins * x->wide * sizeof(double));
    memset(x->in, 0, 3 * bins * sizeof(double));
    for (int32_t b = 0; b < o->blocks; b++) {
        block_added(x, o, b);
        int single = o->end[b] - block_from(o, b) == 1;
        for (int32_t i = 0; i < job->intervals; i++) {
            double n = x->pm[job->to[i]] - x->pm[job->from[i]], n0 = x->pm0[job->to[i]] - x->pm0[job->from[i]];
            uint8_t pass[LANES];
            if (n <= n0 || n >= job->total) continue;
            /* Of a single place the window is known; of more it holds one record at the least. */
            if (!near_enough(x, i, lanes, single ? n : fmax(n0, x->least), n, pass)) continue;
            for (int lane = 0; lane < lanes; lane++) {
                if (!pass[lane]) continue;
                if (!single) {
                    if (may_pass(x, i, lane)) mix_walk(x, o, b, i, lane, c);
                    continue;
                }
                for (int32_t k = 0; k < job->categories; k++) c[k] = count_of(x, x->p, i, k, lane);
                weighed(x, c, n, i, lane, o->key[o->near[o->end[b] - 1]], o->end[b]);
            }
        }
    }
}

#define scan_mixes OF_LEVEL(scan_mixes)

/* Maxima of the replicates `which` (none: what was observed, into `out`) over a range of centres. */
EXPORTED int scan_mixes(const Job *job, int32_t from, int32_t to, const int64_t *which, int64_t count, double *best, Best *out) {
    Cells *cells = cells_new(job);
    Drawn *d = drawn_new(job, cells);
    Order *o = order_new(job);
    Mix *x = mix_new(job, cells);
    double *c = malloc((size_t)(job->categories + 1) * sizeof *c);
    Best window;
    Blocks blocks = {1 / 8.0, 0, 1, job->places < 400 ? 1 : 8};
    for (int64_t b = 0; b < (count ? count : 1) && !*job->stop; b += LANES) {
        int lanes = count ? (int)(count - b < LANES ? count - b : LANES) : 1;
        for (int lane = 0; lane < lanes; lane++) {
            draw(job, cells, d, count ? which[b + lane] : 0);
            lane_filled(x, d, lane);
            x->best[lane] = count ? best[b + lane] : 0;
        }
        for (int32_t at = from; at < to && !*job->stop; at++) {
            order_around(o, job, at, blocks);
            if (!count) {
                memset(&window, 0, sizeof window);
                x->best[0] = 0;
                x->keep = &window;
            }
            mix_centre(x, o, lanes, c);
            if (!count) out[at] = window;
        }
        for (int lane = 0; lane < lanes && count; lane++) best[b + lane] = x->best[lane];
    }
    free(c);
    mix_free(x);
    order_free(o);
    drawn_free(d);
    cells_free(cells);
    return *job->stop;
}
