/* The search of one centre, for LANES replicates at once whose counts are of type COUNT (whole numbers if WHOLE).

   Included once for each pair of them. Blocks of places are only added up; at each block's end the count of every
   interval is held against the least count that could beat the best ratio so far, whatever the order within the block
   (the ratio grows with the count and falls with the measure). Blocks that pass are walked place by place. */

#define NAMED(name) JOIN(JOIN(JOIN(name##_, TAG), _), LEVEL)
#define NONE ((COUNT)NEVER)

typedef struct {
    const Job *job;
    const Cells *cells;
    Logs logs;
    COUNT *rows;                    /* cells x LANES counts; or, with `times`, records x LANES bins */
    uint16_t *times;
    COUNT *h, *p, *p0, *high, *low; /* bins, prefix sums now and at the block's start, thresholds by slot */
    double *in, *fewest;            /* measure by bin within; the least that any place of the block has */
    double *pm, *pm0, *pm1;         /* prefix sums of it at the block's end, start and first window */
    double best[LANES], cases[LANES];
    uint8_t dirty[LANES];
    Slots slots;
    Best *keep;
} NAMED(Work);

#if LANES > 1
static void NAMED(thresholds)(NAMED(Work) *w, int r) {
    const Job *job = w->job;
    double goal = w->best[r] / job->penalty, cases = w->cases[r];
    int whole = WHOLE;
    w->dirty[r] = 0;
    double from = fmax(job->least_high - JUST, whole ? 1 : 1e-12), upto = 0;
    if (whole) from = ceil(from);
    for (int32_t s = 0; s < w->slots.count; s++) {
        if (job->rates & HIGH) {
            double c = s ? least_above(job, &w->logs, &w->slots, s, goal, cases, from, whole) : from;
            if (c < INFINITY) from = c;
            w->high[(size_t)s * LANES + r] = c < NEVER ? (COUNT)c : NONE;
        }
        if (job->rates & LOW) {
            double m = slot_bound(&w->slots, s + 1);
            upto = most_above(job, &w->logs, fmin(m, job->total), goal, cases, upto, whole);
            w->low[(size_t)s * LANES + r] = upto >= 0 ? (COUNT)(whole ? upto + 1 : upto * (1 + 1e-9) + 1e-12) : 0;
            if (upto < 0) upto = 0;
        }
    }
}

/* The thresholds of all lanes at the start, which share one goal as long as they share their number of cases. */
static void NAMED(start)(NAMED(Work) *w) {
    for (int r = 0; r < LANES; r++) {
        if (r == 0 || w->best[r] != w->best[0] || w->cases[r] != w->cases[0]) { NAMED(thresholds)(w, r); continue; }
        for (size_t s = 0; s < (size_t)w->slots.count; s++) {
            if (w->job->rates & HIGH) w->high[s * LANES + r] = w->high[s * LANES];
            if (w->job->rates & LOW) w->low[s * LANES + r] = w->low[s * LANES];
        }
    }
}
#endif

/* The least measure that a window can have: that of one place in one interval. */
static double NAMED(smallest)(const Job *job) {
    double least = job->total;
    for (int64_t i = 0; i < (int64_t)job->places * job->bins; i++)
        if (job->measure[i] > 0 && job->measure[i] < least) least = job->measure[i];
    return least;
}

static NAMED(Work) *NAMED(begin)(const Job *job, const Cells *cells, Best *keep) {
    NAMED(Work) *w = calloc(1, sizeof *w);
    w->job = job;
    w->cells = cells;
    w->keep = keep;
    w->logs = logs_new(job->total > job->cases ? job->total : job->cases);
    w->slots = slots_new(job, NAMED(smallest)(job), job->total);
    size_t bins = (size_t)job->bins + 2, slots = (size_t)w->slots.count;
    if (cells->timed) w->times = aligned_alloc(64, (((size_t)cells->count * LANES * 2) | 63) + 1);
    else w->rows = aligned_alloc(64, (((size_t)cells->count * LANES * sizeof(COUNT)) | 63) + 1);
    w->h = aligned_alloc(64, ((bins * LANES * sizeof(COUNT)) | 63) + 1);
    w->p = aligned_alloc(64, ((bins * LANES * sizeof(COUNT)) | 63) + 1);
    w->p0 = aligned_alloc(64, ((bins * LANES * sizeof(COUNT)) | 63) + 1);
    w->high = aligned_alloc(64, ((slots * LANES * sizeof(COUNT)) | 63) + 1);
    w->low = aligned_alloc(64, ((slots * LANES * sizeof(COUNT)) | 63) + 1);
    w->in = malloc(5 * bins * sizeof(double));
    w->fewest = w->in + 4 * bins;
    w->pm = w->in + bins;
    w->pm0 = w->pm + bins;
    w->pm1 = w->pm0 + bins;
    return w;
}

static void NAMED(end)(NAMED(Work) *w) {
    free(w->logs.of); free(w->slots.edge); free(w->rows); free(w->times); free(w->h); free(w->p); free(w->p0); free(w->high); free(w->low);
    free(w->in); free(w);
}

static inline void NAMED(add)(NAMED(Work) *w, int32_t place) {
    const Cells *cells = w->cells;
    COUNT *restrict h = w->h;
    for (int32_t j = cells->start[place]; j < cells->start[place + 1]; j++) {
        int32_t cell = cells->of[j];
        if (cells->timed) {
            const uint16_t *restrict t = w->times + (size_t)cell * LANES;
            for (int r = 0; r < LANES; r++) h[(size_t)t[r] * LANES + r] += 1;
        } else {
            const COUNT *restrict row = w->rows + (size_t)cell * LANES;
            COUNT *restrict at = h + (size_t)cells->bin[cell] * LANES;
            for (int r = 0; r < LANES; r++) at[r] += row[r];
        }
    }
}

/* What a place adds to the count of replicate r in an interval. */
static inline double NAMED(held)(const NAMED(Work) *w, int32_t place, int32_t from, int32_t to, int r) {
    const Cells *cells = w->cells;
    double c = 0;
    for (int32_t j = cells->start[place]; j < cells->start[place + 1]; j++) {
        int32_t cell = cells->of[j], t = cells->timed ? w->times[(size_t)cell * LANES + r] : cells->bin[cell];
        if (from <= t && t < to) c += cells->timed ? 1.0 : (double)w->rows[(size_t)cell * LANES + r];
    }
    return c;
}

static inline double NAMED(spread)(const NAMED(Work) *w, int32_t place, int32_t from, int32_t to) {
    const double *m = w->job->measure + (size_t)place * w->job->bins;
    double sum = 0;
    for (int32_t t = from; t < to; t++) sum += m[t];
    return sum;
}

/* Hold one window against the best of its replicate. */
static inline void NAMED(weigh)(NAMED(Work) *w, int32_t i, int r, double c, double m, double key, int32_t count) {
    const Job *job = w->job;
    double cases = w->cases[r], even = m * cases / job->total;
    int up = job->rates & HIGH && c >= job->least_high - JUST && c > even * (1 + 1e-12);
    int down = job->rates & LOW && c >= job->least_low - JUST && c < even * (1 - 1e-12);
    if (!up && !down) return;
    double v = job->penalty * ratio_of(job->model, &w->logs, c, m, cases, job->total);
    if (v <= w->best[r] * (1 + 1e-12)) {
        /* Of windows that are equally good the smaller is kept. */
        if (!w->keep || v < w->best[r] * (1 - 1e-12) || key >= w->keep->key) return;
    }
    w->best[r] = fmax(v, w->best[r]);
    w->dirty[r] = 1;
    if (w->keep) *w->keep = (Best){v, c, m, key, count, i, up, 0};
}

/* Every window that ends in a block, for one replicate and one interval. */
static void NAMED(walk)(NAMED(Work) *w, Order *o, int32_t block, int32_t i, int r) {
    const Job *job = w->job;
    int32_t from = job->from[i], to = job->to[i], k0 = block_from(o, block), k1 = o->end[block];
    double c = (double)w->p0[(size_t)to * LANES + r] - (double)w->p0[(size_t)from * LANES + r];
    double m = w->pm0[to] - w->pm0[from], seen = c;
    if (k1 == k0 + 1) {
        c = (double)w->p[(size_t)to * LANES + r] - (double)w->p[(size_t)from * LANES + r];
        NAMED(weigh)(w, i, r, c, w->pm[to] - w->pm[from], o->key[o->near[k0]], k1);
        return;
    }
    order_block(o, block);
    for (int32_t k = k0; k < k1; k++) {
        int32_t place = o->near[k];
        c += NAMED(held)(w, place, from, to, r);
        m += NAMED(spread)(w, place, from, to);
        /* Without a further case a window only grows: its ratio of high rate falls, that of low rate rises. */
        if (!ends(o, k, k1) || (job->rates == HIGH && c <= seen)) continue;
        NAMED(weigh)(w, i, r, c, m, o->key[place], k + 1);
        seen = c;
    }
}

/* Whether any window of the block could do better, by its own counts and measures. */
static inline int NAMED(could)(const NAMED(Work) *w, int32_t i, int r, int up) {
    const Job *job = w->job;
    int32_t from = job->from[i], to = job->to[i];
    const COUNT *p = up ? w->p : w->p0;
    const double *pm = up ? w->pm1 : w->pm;
    double c = (double)p[(size_t)to * LANES + r] - (double)p[(size_t)from * LANES + r], m = pm[to] - pm[from];
    double expected = m * w->cases[r] / job->total, goal = w->best[r] * (w->keep ? 1 - 1e-12 : 1);
    if (!up) return c < expected && job->penalty * at_most(job, &w->logs, m, c, w->cases[r]) > goal;
    if (job->model == BERNOULLI) m = fmax(m, c);
    return c > m * w->cases[r] / job->total && job->penalty * ratio_of(job->model, &w->logs, c, m, w->cases[r], job->total) > goal;
}

static inline int NAMED(flagged)(const NAMED(Work) *w, const COUNT *restrict a, const COUNT *restrict b,
                                 const COUNT *restrict bound, int up) {
    (void)w;
    FLAG any = 0;
    if (up) for (int r = 0; r < LANES; r++) any |= (FLAG)((COUNT)(b[r] - a[r]) >= bound[r]);
    else for (int r = 0; r < LANES; r++) any |= (FLAG)((COUNT)(b[r] - a[r]) < bound[r]);
    return any != 0;
}

/* One replicate has its own counts held against the ratio itself; ln x is below x - 1, which settles most of them. */
static inline int NAMED(alone)(const NAMED(Work) *w, double c, double m) {
    const Job *job = w->job;
    double even = m * w->cases[0] / job->total;
    if (c < job->least_high - JUST || c <= even) return 0;
    return job->model == BERNOULLI || c * (c / even - 1) * job->penalty > w->best[0] * (1 - 1e-12);
}

static void NAMED(interval)(NAMED(Work) *w, Order *o, int32_t block, int32_t i, int up) {
    const Job *job = w->job;
    size_t from = (size_t)job->from[i] * LANES, to = (size_t)job->to[i] * LANES;
    const COUNT *p = up ? w->p : w->p0;
    const double *pm = up ? w->pm1 : w->pm;
    double m = pm[job->to[i]] - pm[job->from[i]];
    if (LANES == 1) {
        if ((!up || NAMED(alone)(w, (double)(p[to] - p[from]), m)) && NAMED(could)(w, i, 0, up)) NAMED(walk)(w, o, block, i, 0);
        return;
    }
    const COUNT *bound = (up ? w->high : w->low) + (size_t)slot_at(&w->slots, m) * LANES;
    if (!NAMED(flagged)(w, p + from, p + to, bound, up)) return;
    for (int r = 0; r < LANES; r++) {
        COUNT c = (COUNT)(p[to + r] - p[from + r]);
        if ((up ? c >= bound[r] : c < bound[r]) && NAMED(could)(w, i, r, up)) NAMED(walk)(w, o, block, i, r);
    }
}

static void NAMED(sums)(NAMED(Work) *w) {
    for (int32_t t = 0; t < w->job->bins; t++) {
        const COUNT *restrict a = w->p + (size_t)t * LANES, *restrict h = w->h + (size_t)t * LANES;
        COUNT *restrict b = w->p + (size_t)(t + 1) * LANES;
        for (int r = 0; r < LANES; r++) b[r] = a[r] + h[r];
    }
}

/* A window that ends in the block holds what lay within at its start, and one place more at the least. */
static void NAMED(measured)(NAMED(Work) *w) {
    double more = 0;
    w->pm[0] = w->pm1[0] = 0;
    for (int32_t t = 0; t < w->job->bins; t++) {
        w->pm[t + 1] = w->pm[t] + w->in[t];
        more += w->fewest[t];
        w->pm1[t + 1] = w->pm0[t + 1] + more;
    }
}

static void NAMED(centre)(NAMED(Work) *w, Order *o) {
    const Job *job = w->job;
    size_t bins = (size_t)job->bins;
    memset(w->h, 0, (bins + 1) * LANES * sizeof(COUNT));
    memset(w->p, 0, (bins + 1) * LANES * sizeof(COUNT));
    memset(w->in, 0, bins * sizeof(double));
    memset(w->pm, 0, (bins + 1) * sizeof(double));
    for (int32_t b = 0; b < o->blocks; b++) {
        memcpy(w->p0, w->p, (bins + 1) * LANES * sizeof(COUNT));
        memcpy(w->pm0, w->pm, (bins + 1) * sizeof(double));
        for (size_t t = 0; t < bins; t++) w->fewest[t] = INFINITY;
        for (int32_t k = block_from(o, b); k < o->end[b]; k++) {
            int32_t place = o->near[k];
            NAMED(add)(w, place);
            const double *m = job->measure + (size_t)place * bins;
            for (size_t t = 0; t < bins; t++) {
                w->in[t] += m[t];
                w->fewest[t] = m[t] < w->fewest[t] ? m[t] : w->fewest[t];
            }
        }
        NAMED(sums)(w);
        NAMED(measured)(w);
        for (int32_t i = 0; i < job->intervals; i++) {
            if (job->rates & HIGH) NAMED(interval)(w, o, b, i, 1);
            if (job->rates & LOW) NAMED(interval)(w, o, b, i, 0);
        }
    }
#if LANES > 1
    for (int r = 0; r < LANES; r++) if (w->dirty[r]) NAMED(thresholds)(w, r);
#endif
}
#undef NAMED
#undef NONE
