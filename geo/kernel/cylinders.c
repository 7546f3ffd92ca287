/* Circles and cylinders of any model with two classes or an expectation; the exact search that blocks bound. */
#include "bounds.h"
#include "draws.h"

#define WHOLE 1
#define COUNT uint16_t
#define FLAG uint16_t
#define LANES 64
#define TAG many
#define NEVER 65535
#include "cylinders.h"
#undef COUNT
#undef FLAG
#undef LANES
#undef TAG
#undef NEVER

#define COUNT uint32_t
#define FLAG uint32_t
#define LANES 32
#define TAG large
#define NEVER 4294967295.0
#include "cylinders.h"
#undef WHOLE
#undef COUNT
#undef FLAG
#undef LANES
#undef TAG
#undef NEVER

#define WHOLE 0
#define COUNT double
#define FLAG uint64_t
#define LANES 16
#define TAG parts
#define NEVER 1e300
#include "cylinders.h"
#undef LANES
#undef TAG

#define LANES 1
#define TAG one
#include "cylinders.h"

/* In time there are many intervals to be held against each block's end, so that blocks are larger. */
static Blocks blocks_of(const Job *job) {
    int32_t wide = job->places < 400 ? 1 : 16;
    return job->bins > 1 ? (Blocks){1 / 8.0, 0, 1, wide} : (Blocks){0, 0.5, 2, wide};
}

#define scan_observe OF_LEVEL(scan_observe)
#define scan_replicate OF_LEVEL(scan_replicate)
#define scan_members OF_LEVEL(scan_members)
#define scan_drawn OF_LEVEL(scan_drawn)

/* The best window of each centre in a range, of what was observed. */
EXPORTED int scan_observe(const Job *job, int32_t from, int32_t to, Best *out) {
    Cells *cells = cells_new(job);
    Drawn *d = drawn_new(job, cells);
    Order *o = order_new(job);
    Best best;
    JOIN(Work_one_, LEVEL) *w = JOIN(begin_one_, LEVEL)(job, cells, &best);
    draw(job, cells, d, 0);
    if (cells->timed) memcpy(w->times, d->times, (size_t)cells->units * 2);
    else memcpy(w->rows, d->counts, (size_t)cells->count * sizeof(double));
    w->cases[0] = d->cases;
    for (int32_t c = from; c < to && !*job->stop; c++) {
        memset(&best, 0, sizeof best);
        w->best[0] = 0;
        order_around(o, job, c, blocks_of(job));
        JOIN(centre_one_, LEVEL)(w, o);
        out[c] = best;
    }
    JOIN(end_one_, LEVEL)(w);
    order_free(o);
    drawn_free(d);
    cells_free(cells);
    return *job->stop;
}

/* The maxima of `count` replicates over a range of centres; `best` holds what they have reached already. */
#define REPLICATE(tag, lanes)                                                                                          \
    static void JOIN(run_##tag##_, LEVEL)(const Job *job, int32_t from, int32_t to, const int64_t *which,              \
                                          int64_t count, double *best) {                                               \
        Cells *cells = cells_new(job);                                                                                 \
        Drawn *d = drawn_new(job, cells);                                                                              \
        Order *o = order_new(job);                                                                                     \
        JOIN(Work_##tag##_, LEVEL) *w = JOIN(begin_##tag##_, LEVEL)(job, cells, NULL);                                 \
        for (int64_t b = 0; b < count && !*job->stop; b += lanes) {                                                    \
            for (int r = 0; r < lanes; r++) {                                                                          \
                int64_t i = b + r < count ? b + r : count - 1;                                                         \
                draw(job, cells, d, which[i]);                                                                         \
                w->cases[r] = d->cases;                                                                                \
                w->best[r] = b + r < count ? best[i] : INFINITY;                                                       \
                if (cells->timed)                                                                                      \
                    for (int64_t u = 0; u < cells->units; u++) w->times[u * lanes + r] = d->times[u];                  \
                else                                                                                                   \
                    for (int32_t j = 0; j < cells->count; j++) w->rows[(size_t)j * lanes + r] = d->counts[j];          \
            }                                                                                                          \
            JOIN(start_##tag##_, LEVEL)(w);                                                                            \
            int32_t step = (to - from) / 16 > 1 ? (to - from) / 16 : 1;                                                \
            for (int32_t first = from; first < from + step; first++)                                                   \
                for (int32_t c = first; c < to && !*job->stop; c += step) {                                            \
                    order_around(o, job, c, blocks_of(job));                                                           \
                    JOIN(centre_##tag##_, LEVEL)(w, o);                                                                \
                }                                                                                                      \
            for (int r = 0; r < lanes && b + r < count; r++) best[b + r] = w->best[r];                                 \
        }                                                                                                              \
        JOIN(end_##tag##_, LEVEL)(w);                                                                                  \
        order_free(o);                                                                                                 \
        drawn_free(d);                                                                                                 \
        cells_free(cells);                                                                                             \
    }

REPLICATE(many, 64)
REPLICATE(large, 32)
REPLICATE(parts, 16)

EXPORTED int scan_replicate(const Job *job, int32_t from, int32_t to, const int64_t *which, int64_t count, double *best) {
    int whole = job->null != SHARES && job->cases < 4e9;
    for (int64_t i = 0; whole && i < job->records; i++) whole = job->weight[i] == floor(job->weight[i]);
    if (whole && job->cases < 65535) JOIN(run_many_, LEVEL)(job, from, to, which, count, best);
    else if (whole) JOIN(run_large_, LEVEL)(job, from, to, which, count, best);
    else JOIN(run_parts_, LEVEL)(job, from, to, which, count, best);
    return *job->stop;
}

/* The places no further from a centre than `key`, nearest first; returns how many. */
EXPORTED int32_t scan_members(const Job *job, int32_t centre, double key, int32_t *out) {
    Order *o = order_new(job);
    int32_t n = 0;
    order_around(o, job, centre, blocks_of(job));
    for (int32_t b = 0; b < o->blocks; b++) {
        order_block(o, b);
        for (; n < o->end[b] && !further(o->fine, o->key[o->near[n]], key); n++) out[n] = o->near[n];
        if (n < o->end[b]) break;
    }
    order_free(o);
    return n;
}

/* One replicate as it is drawn, for whoever would search it another way: counts by cell, with their place and bin. */
EXPORTED int32_t scan_drawn(const Job *job, int64_t replicate, int32_t *place, int32_t *bin, double *count) {
    Cells *cells = cells_new(job);
    Drawn *d = drawn_new(job, cells);
    int32_t n = cells->count;
    draw(job, cells, d, replicate);
    for (int32_t i = 0; place && i < n; i++) {
        place[i] = cells->place[i];
        bin[i] = cells->timed ? d->times[i] : cells->bin[i];
        count[i] = cells->timed ? 1 : d->counts[i];
    }
    drawn_free(d);
    cells_free(cells);
    return n;
}
