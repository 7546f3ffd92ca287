/* Single records, each a case or not in a replicate: counted bit by bit, 512 replicates in one register's width.

   Serves circles of labels (Bernoulli) and cylinders that end with the study (permutation), whose windows of 1, 2, ..
   bins lie one within the other. Counts are kept as planes of bits and added by full adders (Harley and Seal); at the
   end of each block one comparison tells which replicates could still beat their best, and only these are walked. */
#include "bounds.h"
#include "draws.h"

enum { WORDS = 8, LANES = 64 * WORDS, PLANES = 17 };
typedef uint64_t Row __attribute__((vector_size(8 * WORDS), aligned(64)));

enum { HIGHEST = 40 };
typedef struct { int64_t *at; int32_t *first; double *of; } Ratios;

typedef struct {
    const Job *job;
    Logs logs;
    Slots slots;
    Ratios ratios;
    Row *bits;                  /* records x depths */
    Row *least;                 /* slots x planes: thresholds */
    double best[LANES], *share; /* share of the whole measure of a record in each depth */
    uint8_t dirty[LANES];
    int32_t depths, planes;
} Sheet;

static inline void full(Row *high, Row *low, Row a, Row b, Row c) {
    Row u = a ^ b;
    *high = (a & b) | (u & c);
    *low = u ^ c;
}

static inline int bit_of(const Sheet *s, int32_t record, int32_t depth, int lane) {
    return (int)(s->bits[(size_t)record * s->depths + depth][lane / 64] >> (lane % 64)) & 1;
}

static inline double number(const Row *planes, int count, int lane) {
    uint32_t n = 0;
    for (int p = 0; p < count; p++) n |= (uint32_t)(planes[p][lane / 64] >> (lane % 64) & 1) << p;
    return n;
}

/* Eight rows more in a counter of planes: ones, twos, fours stay apart, eights are carried on. */
static inline void eight(const Row *x[8], Row *ones, Row *twos, Row *fours, Row *out, int planes) {
    Row a, b, c, d, e;
    full(&a, ones, *ones, *x[0], *x[1]);
    full(&b, ones, *ones, *x[2], *x[3]);
    full(&c, twos, *twos, a, b);
    full(&a, ones, *ones, *x[4], *x[5]);
    full(&b, ones, *ones, *x[6], *x[7]);
    full(&d, twos, *twos, a, b);
    full(&e, fours, *fours, c, d);
    for (int p = 3; p < planes; p++) {
        Row kept = out[p];
        out[p] = kept ^ e;
        e &= kept;
    }
}

/* How many of the records from .. to - 1 are set, in as many planes of bits as their number needs; returns that. */
static inline int counted(const Sheet *s, const int32_t *near, int32_t from, int32_t to, int32_t depth, Row *out) {
    static const Row none = {0};
    const Row *bits = s->bits + depth, *x[8];
    size_t step = (size_t)s->depths;
    Row ones = none, twos = none, fours = none;
    int planes = 4;
    while (1 << planes <= to - from) planes++;
    for (int p = 3; p < planes; p++) out[p] = none;
    int32_t k = from;
    for (; k + 8 <= to; k += 8) {
        for (int j = 0; j < 8; j++) x[j] = bits + (size_t)near[k + j] * step;
        eight(x, &ones, &twos, &fours, out, planes);
    }
    if (k < to) {
        for (int j = 0; j < 8; j++) x[j] = k + j < to ? bits + (size_t)near[k + j] * step : &none;
        eight(x, &ones, &twos, &fours, out, planes);
    }
    out[0] = ones;
    out[1] = twos;
    out[2] = fours;
    return planes;
}

/* Ratios of whole counts by slot, from the first above what is expected up to HIGHEST: made once, read by every lane. */
static Ratios ratios_new(const Job *job, const Logs *logs, const Slots *slots) {
    Ratios t = {malloc((size_t)(slots->count + 1) * sizeof(int64_t)), malloc((size_t)slots->count * sizeof(int32_t)), NULL};
    int64_t room = 0, used = 0;
    for (int32_t i = 0; i < slots->count; i++) {
        int32_t c = (int32_t)fmax(floor(slots->edge[i] * job->cases / job->total) + 1, fmax(job->least_high, 1));
        t.first[i] = c;
        t.at[i] = used;
        for (double v = 0; c <= job->cases && v <= HIGHEST; c++) {
            if (used == room) t.of = realloc(t.of, (size_t)(room = 2 * room + 4096) * sizeof(double));
            t.of[used++] = v = at_slot(job, logs, slots, i, c, job->cases);
        }
    }
    t.at[slots->count] = used;
    return t;
}

static void thresholds(Sheet *s, int lane) {
    uint64_t bit = (uint64_t)1 << (lane % 64);
    double goal = s->best[lane];
    int32_t c = 0, most = (1 << s->planes) - 1;
    s->dirty[lane] = 0;
    for (int32_t i = 0; i < s->slots.count; i++) {
        const double *of = s->ratios.of + s->ratios.at[i];
        int32_t first = s->ratios.first[i], length = (int32_t)(s->ratios.at[i + 1] - s->ratios.at[i]);
        c = c > first ? c - first : 0;
        while (c < length && of[c] <= goal) c++;
        if (goal == INFINITY) c = most;
        else if (c < length) c += first;
        else if (goal < HIGHEST || first + length > s->job->cases) c = most;
        else c = (int32_t)fmin(least_above(s->job, &s->logs, &s->slots, i, goal, s->job->cases, first, 1), most);
        uint64_t *word = (uint64_t *)&s->least[(size_t)i * s->planes] + lane / 64;
        for (int p = 0; p < s->planes; p++, word += WORDS) *word = (*word & ~bit) | ((uint64_t)(c >> p & 1) << (lane % 64));
    }
}

/* One replicate in its lane: the same draw as `draw` makes, for labels straight into the bits. */
static void drawn_into(Sheet *s, const Cells *cells, Drawn *d, int64_t replicate, int lane) {
    const Job *job = s->job;
    uint64_t bit = (uint64_t)1 << (lane % 64);
    if (job->null == LABELS) {
        Stream g = stream(job->seed, (uint64_t)replicate);
        uint64_t *words = (uint64_t *)s->bits + lane / 64;
        for (int64_t j = cells->units - (int64_t)(job->cases + 0.5); j < cells->units; j++) {
            uint32_t u = below(&g, (uint32_t)(j + 1));
            words[(words[(size_t)u * WORDS] & bit ? (size_t)j : u) * WORDS] |= bit;
        }
        return;
    }
    draw(job, cells, d, replicate);
    for (int64_t u = 0; u < cells->units; u++) {
        /* The deepest window begins at bin 0; a record in bin t lies in all that begin no later. */
        int32_t t = d->times[u];
        for (int32_t depth = job->bins - 1 - t; t < job->bins && depth < s->depths; depth++)
            ((uint64_t *)(s->bits + u * s->depths + depth))[lane / 64] |= bit;
    }
}

/* Fill the lanes with replicates which[0 ..]; those left over are out of reach, and never walked. */
static void filled(Sheet *s, const Cells *cells, Drawn *d, const int64_t *which, int64_t lanes, const double *best) {
    memset(s->bits, 0, (size_t)cells->units * s->depths * sizeof(Row));
    for (int lane = 0; lane < LANES; lane++) {
        s->best[lane] = lane < lanes ? best[lane] : INFINITY;
        if (lane < lanes && !*s->job->stop) drawn_into(s, cells, d, which[lane], lane);
    }
    thresholds(s, 0);
    for (int32_t i = 0; i < s->slots.count * s->planes; i++) {
        uint64_t first = (uint64_t)0 - (s->least[i][0] & 1);
        for (int wd = 0; wd < WORDS; wd++) s->least[i][wd] = first;
    }
    for (int lane = 1; lane < LANES; lane++) if (s->best[lane] != s->best[0]) thresholds(s, lane);
}

/* The exact ratios of the windows that end in a block, for one lane and depth; `c` lies within at the block's start. */
static void walked(Sheet *s, Order *o, int32_t block, int32_t depth, int lane, double c) {
    const Job *job = s->job;
    int32_t k1 = o->end[block];
    double seen = c, per = s->share[depth];
    order_block(o, block);
    for (int32_t k = block_from(o, block); k < k1; k++) {
        c += bit_of(s, o->near[k], depth, lane);
        if (!ends(o, k, k1) || c <= seen) continue;
        seen = c;
        double m = (k + 1) * per;
        if (c < job->least_high || c <= m * job->cases / job->total * (1 + 1e-12)) continue;
        double v = ratio_of(job->model, &s->logs, c, m, job->cases, job->total);
        if (v > s->best[lane] * (1 + 1e-12)) {
            s->best[lane] = v;
            s->dirty[lane] = 1;
        }
    }
}

static void lanes_of(Sheet *s, Order *o, int32_t block, int32_t depth, int word, uint64_t hits, const Row *held,
                     const Row *own, int few) {
    const Job *job = s->job;
    for (; hits; hits &= hits - 1) {
        int lane = 64 * word + __builtin_ctzll(hits);
        double c = number(held, s->planes, lane), a = number(own, few, lane);
        /* To hold all these cases a window holds the records that they are, beside those it began with. */
        double m = (block_from(o, block) + a) * s->share[depth];
        if (a == 0 || c <= m * job->cases / job->total) continue;
        if (ratio_of(job->model, &s->logs, c, m, job->cases, job->total) <= s->best[lane]) continue;
        walked(s, o, block, depth, lane, c - a);
    }
}

static void circle(Sheet *s, Order *o) {
    for (int32_t depth = 0; depth < s->depths; depth++) {
        Row held[PLANES + 3] = {{0}}, own[PLANES + 3];
        for (int32_t b = 0; b < o->blocks; b++) {
            int32_t from = block_from(o, b), to = o->end[b];
            int few = counted(s, o->near, from, to, depth, own);
            Row carry = {0};
            for (int p = 0; p < few; p++) full(&carry, &held[p], held[p], own[p], carry);
            for (int p = few; p < s->planes; p++) {
                Row kept = held[p];
                held[p] = kept ^ carry;
                carry &= kept;
            }
            const Row *least = s->least + (size_t)slot_at(&s->slots, (from + 1) * s->share[depth]) * s->planes;
            Row hit = ~(Row){0};
            for (int p = 0; p < s->planes; p++) hit = (held[p] & ~least[p]) | (~(held[p] ^ least[p]) & hit);
            for (int wd = 0; wd < WORDS; wd++) if (hit[wd]) lanes_of(s, o, b, depth, wd, hit[wd], held, own, few);
        }
    }
    for (int lane = 0; lane < LANES; lane++) if (s->dirty[lane]) thresholds(s, lane);
}

/* What was observed, around one centre: the same bounds, with a bit to a record. */
static void observed(Sheet *s, Order *o, const uint8_t *depth_of, Best *out) {
    const Job *job = s->job;
    *out = (Best){0};
    for (int32_t depth = 0; depth < s->depths; depth++) {
        double c = 0, per = s->share[depth];
        for (int32_t b = 0; b < o->blocks; b++) {
            int32_t from = block_from(o, b), to = o->end[b];
            double a = 0;
            for (int32_t k = from; k < to; k++) a += depth_of[o->near[k]] <= depth;
            double all = c + a, m = (from + a) * per;
            int could = a > 0 && all >= job->least_high && all > m * job->cases / job->total
                     && ratio_of(job->model, &s->logs, all, m, job->cases, job->total) > out->ratio * (1 - 1e-12);
            if (could) order_block(o, b);
            for (int32_t k = from; could && k < to; k++) {
                a -= depth_of[o->near[k]] <= depth;
                double here = all - a, size = (k + 1) * per;
                if (!ends(o, k, to) || here < job->least_high || here <= size * job->cases / job->total) continue;
                double v = ratio_of(job->model, &s->logs, here, size, job->cases, job->total);
                if (v > out->ratio * (1 + 1e-12) || (v > out->ratio * (1 - 1e-12) && o->key[o->near[k]] < out->key))
                    *out = (Best){v, here, size, o->key[o->near[k]], k + 1, s->depths - 1 - depth, 1, 0};
            }
            c = all;
        }
    }
}

static Sheet *sheet_new(const Job *job, const Cells *cells) {
    Sheet *s = aligned_alloc(64, (sizeof *s | 63) + 1);
    memset(s, 0, sizeof *s);
    s->job = job;
    s->depths = job->null == LABELS ? 1 : job->intervals;
    s->logs = logs_new(job->total);
    s->share = malloc((size_t)s->depths * sizeof(double));
    for (int32_t d = 0; d < s->depths; d++) {
        double sum = 0;
        /* Every record stands for the same measure: a case of the permutation is spread over bins as all cases are. */
        for (int32_t t = job->bins - 1 - d; job->null == TIMES && t < job->bins; t++)
            for (int32_t p = 0; p < job->places; p++) sum += job->measure[(size_t)p * job->bins + t];
        s->share[d] = job->null == LABELS ? 1 : sum / (double)cells->units;
    }
    s->slots = slots_new(job, s->share[0] > 0 ? s->share[0] : 1e-9, job->total);
    s->ratios = ratios_new(job, &s->logs, &s->slots);
    while ((1 << s->planes) < job->cases + 2) s->planes++;
    s->bits = aligned_alloc(64, (size_t)cells->units * s->depths * sizeof(Row));
    s->least = aligned_alloc(64, (size_t)s->slots.count * s->planes * sizeof(Row));
    return s;
}

static void sheet_free(Sheet *s) {
    free(s->logs.of); free(s->slots.edge); free(s->share); free(s->ratios.at); free(s->ratios.first);
    free(s->ratios.of); free(s->bits); free(s->least); free(s);
}

#define scan_circles OF_LEVEL(scan_circles)

/* Maxima of the replicates `which`, and (unless `out` is missing) the best window of each centre in a range.

   The job's places are its records, each of one case or control. `best` holds what the replicates have reached. */
EXPORTED int scan_circles(const Job *job, int32_t from, int32_t to, const int64_t *which, int64_t count, double *best, Best *out) {
    Cells *cells = cells_new(job);
    Drawn *d = drawn_new(job, cells);
    Order *o = order_new(job);
    int64_t sheets = (count + LANES - 1) / LANES;
    Sheet **s = calloc((size_t)sheets + 1, sizeof *s);
    uint8_t *depth_of = malloc((size_t)cells->units + 1);
    for (int64_t i = 0; i < sheets || i == 0; i++) {
        s[i] = sheet_new(job, cells);
        int64_t left = count - i * LANES;
        if (left > 0) filled(s[i], cells, d, which + i * LANES, left < LANES ? left : LANES, best + i * LANES);
    }
    draw(job, cells, d, 0);
    for (int64_t u = 0; u < cells->units; u++) {
        int32_t depth = job->null == LABELS ? (d->counts[u] > 0 ? 0 : 255) : job->bins - 1 - d->times[u];
        depth_of[u] = (uint8_t)(depth < 0 ? 255 : depth);
    }
    int32_t step = (to - from) / 32 > 1 ? (to - from) / 32 : 1;
    Blocks blocks = {0, 0.7, 4, 16};
    /* A few centres everywhere come first: what they reach spares the others most of their walks. */
    for (int32_t pass = 0; pass < 2; pass++)
        for (int32_t c = from; c < to && !*job->stop; c++) {
            if (((c - from) % step == 0) == pass) continue;
            order_around(o, job, c, blocks);
            if (out) observed(s[0], o, depth_of, &out[c]);
            for (int64_t i = 0; i < sheets; i++) circle(s[i], o);
        }
    for (int64_t i = 0; i < sheets; i++)
        for (int lane = 0; lane < LANES && i * LANES + lane < count; lane++) best[i * LANES + lane] = s[i]->best[lane];
    for (int64_t i = 0; i < sheets || i == 0; i++) sheet_free(s[i]);
    free(s);
    free(depth_of);
    order_free(o);
    drawn_free(d);
    cells_free(cells);
    return *job->stop;
}
