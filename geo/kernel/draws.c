/* Draws under the null, each unit as likely to be anywhere the null lets it: one random stream to a replicate. */
#include "draws.h"

static int dense(const Job *job) { return job->null == PLACING || job->null == TIMES; }

/* Units in the order of their strata (for the nulls that exchange within strata), rows repeated by whole weights. */
static void units(Cells *c, const Job *job) {
    int whole = job->null != SHARES && !job->mixes;
    int64_t n = 0;
    for (int64_t i = 0; i < job->records; i++) n += whole ? (int64_t)ceil(job->weight[i]) : 1;
    c->units = n;
    c->unit = malloc((size_t)(n + 1) * sizeof *c->unit);
    c->part = malloc((size_t)(n + 1) * sizeof *c->part);
    c->stratum = calloc((size_t)job->strata + 2, sizeof *c->stratum);
    int64_t u = 0;
    for (int32_t s = 0; s < job->strata; s++) {
        c->stratum[s] = (int32_t)u;
        for (int64_t i = 0; i < job->records; i++) {
            if (job->strata > 1 && job->kind[i] != s) continue;
            double left = job->weight[i];
            for (int64_t k = whole ? (int64_t)ceil(left) : 1; k > 0; k--, left -= 1) {
                c->part[u] = whole && left > 1 ? 1.0 : left;
                c->unit[u++] = (int32_t)i;
            }
        }
    }
    c->stratum[job->strata] = (int32_t)u;
}

static void alias(Cells *c, const Job *job) {
    int32_t n = c->count, small = 0, large = n;
    double sum = 0;
    c->chance = malloc((size_t)n * sizeof *c->chance);
    c->other = calloc((size_t)n, sizeof *c->other);
    int32_t *line = malloc((size_t)n * sizeof *line);
    for (int32_t i = 0; i < n; i++) sum += job->measure[i];
    for (int32_t i = 0; i < n; i++) {
        c->chance[i] = job->measure[i] / sum * n;
        line[c->chance[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < n) {
        int32_t a = line[--small], b = line[large];
        c->other[a] = b;
        c->chance[b] -= 1 - c->chance[a];
        if (c->chance[b] < 1) { line[small++] = b; large++; }
    }
    while (small > 0) c->chance[line[--small]] = 1;
    while (large < n) c->chance[line[large++]] = 1;
    free(line);
}

static uint16_t time_of(const Job *job, int32_t row) {
    return (uint16_t)(job->bin[row] < 0 ? job->bins : job->bin[row]);
}

Cells *cells_new(const Job *job) {
    Cells *c = calloc(1, sizeof *c);
    units(c, job);
    int64_t full = (int64_t)job->places * job->bins;
    c->timed = job->null == TIMES && full > c->units;
    int single = c->timed || job->null == MIXES;
    c->count = (int32_t)(single ? c->units : dense(job) ? full : job->records);
    c->start = calloc((size_t)job->places + 2, sizeof *c->start);
    c->of = malloc((size_t)(c->count + 1) * sizeof *c->of);
    c->bin = malloc((size_t)(c->count + 1) * sizeof *c->bin);
    c->place = malloc((size_t)(c->count + 1) * sizeof *c->place);
    for (int32_t i = 0; i < c->count; i++) {
        int32_t row = single ? c->unit[i] : i, grid = dense(job) && !c->timed;
        c->place[i] = grid ? i / job->bins : job->place[row];
        c->bin[i] = grid ? i % job->bins : c->timed ? 0 : time_of(job, row);
        c->start[c->place[i] + 2]++;
    }
    /* Starts stand one place too far, so that filling in brings each to where it belongs. */
    for (int32_t p = 1; p <= job->places; p++) c->start[p + 1] += c->start[p];
    for (int32_t i = 0; i < c->count; i++) c->of[c->start[c->place[i] + 1]++] = i;
    if (job->null == PLACING) alias(c, job);
    return c;
}

void cells_free(Cells *c) {
    free(c->start); free(c->of); free(c->bin); free(c->place); free(c->unit); free(c->part); free(c->stratum);
    free(c->chance); free(c->other); free(c);
}

Drawn *drawn_new(const Job *job, const Cells *cells) {
    Drawn *d = calloc(1, sizeof *d);
    d->counts = malloc((size_t)(cells->count + 1) * sizeof *d->counts);
    d->times = malloc((size_t)(cells->units + 1) * sizeof *d->times);
    d->order = malloc((size_t)(cells->units + 1) * sizeof *d->order);
    d->cases = job->cases;
    return d;
}

void drawn_free(Drawn *d) { free(d->counts); free(d->times); free(d->order); free(d); }

static void shuffled(const Cells *c, int32_t strata, Drawn *d, Stream *g) {
    for (int64_t u = 0; u < c->units; u++) d->order[u] = (int32_t)u;
    for (int32_t s = 0; s < strata; s++)
        for (int32_t i = c->stratum[s + 1] - 1; i > c->stratum[s]; i--) {
            int32_t j = c->stratum[s] + (int32_t)below(g, (uint32_t)(i - c->stratum[s] + 1));
            int32_t kept = d->order[i];
            d->order[i] = d->order[j];
            d->order[j] = kept;
        }
}

/* `cases` of the units, each set of them as likely (Floyd, in Bentley 1987). */
static void labelled(const Job *job, const Cells *c, Drawn *d, Stream *g) {
    uint8_t *taken = (uint8_t *)d->order;
    memset(taken, 0, (size_t)c->units);
    int64_t cases = (int64_t)(job->cases + 0.5);
    for (int64_t j = c->units - cases; j < c->units; j++) {
        uint32_t u = below(g, (uint32_t)(j + 1));
        if (taken[u]) u = (uint32_t)j;
        taken[u] = 1;
        d->counts[c->unit[u]] += 1;
    }
}

static void placed(const Cells *c, Drawn *d, Stream *g) {
    for (int64_t u = 0; u < c->units; u++) {
        uint32_t i = below(g, (uint32_t)c->count);
        d->counts[unit(g) < c->chance[i] ? (int32_t)i : c->other[i]] += c->part[u];
    }
}

static void timed(const Job *job, const Cells *c, Drawn *d) {
    for (int64_t u = 0; u < c->units; u++) {
        uint16_t t = time_of(job, c->unit[d->order[u]]);
        if (c->timed) d->times[u] = t;
        else if (t < job->bins) d->counts[(int64_t)job->place[c->unit[u]] * job->bins + t] += 1;
    }
}

static void shared(const Job *job, const Cells *c, Drawn *d) {
    d->cases = 0;
    for (int64_t u = 0; u < c->units; u++) {
        int32_t row = c->unit[u];
        double v = job->weight[row] * job->share[c->unit[d->order[u]]];
        d->counts[row] = v;
        d->cases += v;
    }
}

static void observed(const Job *job, const Cells *c, Drawn *d) {
    for (int64_t u = 0; u < c->units; u++) d->order[u] = (int32_t)u;
    if (job->null == TIMES) timed(job, c, d);
    else if (job->null == SHARES) shared(job, c, d);
    else if (job->null != MIXES)
        for (int64_t i = 0; i < job->records; i++) {
            if (job->bin[i] < 0) continue;
            if (job->null == PLACING) d->counts[(int64_t)job->place[i] * job->bins + job->bin[i]] += job->weight[i];
            else if (job->kind[i]) d->counts[i] = job->weight[i];
        }
}

void draw(const Job *job, const Cells *c, Drawn *d, int64_t replicate) {
    Stream g = stream(job->seed, (uint64_t)replicate);
    memset(d->counts, 0, (size_t)c->count * sizeof *d->counts);
    if (replicate == 0) { observed(job, c, d); return; }
    switch (job->null) {
        case LABELS: labelled(job, c, d, &g); break;
        case PLACING: placed(c, d, &g); break;
        case SHARES: shuffled(c, job->strata, d, &g); shared(job, c, d); break;
        case MIXES: shuffled(c, job->strata, d, &g); break;
        default: shuffled(c, job->strata, d, &g); timed(job, c, d); break;
    }
}
