/* The order of places around a centre: one counting pass into fine buckets by distance, sorted only where it is asked. */
#include "kernel.h"

#define OCTAVES 64
#define STRIDE 8

Order *order_new(const Job *job) {
    int32_t n = job->places;
    Order *o = calloc(1, sizeof *o);
    o->fine = job->fine;
    o->room = 8 * n + 4096;
    o->near = malloc((size_t)(n + 1) * sizeof *o->near);
    o->end = malloc((size_t)(n + 1) * sizeof *o->end);
    o->done = malloc((size_t)(n + 1));
    o->key = malloc((size_t)(n + 1) * sizeof *o->key);
    o->code = malloc((size_t)(n + 1) * sizeof *o->code);
    o->start = malloc((size_t)(o->room + 1) * sizeof *o->start);
    return o;
}

void order_free(Order *o) {
    free(o->near); free(o->end); free(o->done); free(o->key); free(o->code); free(o->start); free(o);
}

Logs logs_new(double most) {
    int64_t length = most < 4e6 ? (int64_t)most + 2 : 4000000;
    Logs t = {malloc((size_t)length * sizeof(double)), length};
    t.of[0] = 0.0;
    for (int64_t i = 1; i < length; i++) t.of[i] = (double)i * log((double)i);
    return t;
}

/* Squared distance. */
static inline double key_of(const Job *job, int32_t i, double cx, double cy, double cz) {
    double dx = job->x[i] - cx, dy = job->y[i] - cy, d = dx * dx + dy * dy;
    if (job->dims == 3) { double dz = job->z[i] - cz; d += dz * dz; }
    return d;
}

/* The keys of all places, and codes: their upper halves, counted from the octave 63 below the furthest; what is nearer
   lies in the first. */
static void distances(Order *o, const Job *job, int32_t centre) {
    int32_t n = job->places;
    double cx = job->cx[centre], cy = job->cy[centre], cz = job->dims == 3 ? job->cz[centre] : 0.0;
    double *key = o->key;
    uint32_t *code = o->code;
    for (int32_t i = 0; i < n; i++) key[i] = key_of(job, i, cx, cy, cz);
    for (int32_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &key[i], 8);
        code[i] = (uint32_t)(bits >> 32);
    }
    uint32_t furthest = 0;
    for (int32_t i = 0; i < n; i++) furthest = code[i] > furthest ? code[i] : furthest;
    uint32_t least = (furthest >> 20) >= OCTAVES ? ((furthest >> 20) - OCTAVES + 1) << 20 : 0;
    for (int32_t i = 0; i < n; i++) code[i] = code[i] > least ? code[i] - least : 0;
}

/* How many bits of the mantissa part each octave of distances, from a sample: `wide` quarters of a place to a bucket. */
static int32_t parting(const uint32_t *code, int32_t n, int32_t wide, int32_t *offset, uint8_t *shift, int32_t room) {
    int32_t seen[OCTAVES] = {0}, top = 0;
    int32_t step = n > 4096 ? STRIDE : 1;
    for (int32_t i = 0; i < n; i += step) seen[code[i] >> 20]++;
    for (int32_t o = 0; o < OCTAVES; o++) {
        int bits = 0;
        while (bits < 14 && ((int64_t)wide << bits) < 4 * (int64_t)seen[o] * step) bits++;
        if (top + (1 << bits) + OCTAVES > room) bits = 0;
        offset[o] = top;
        shift[o] = (uint8_t)(20 - bits);
        top += 1 << bits;
    }
    return top;
}

static void insert(Order *o, int32_t from, int32_t to) {
    for (int32_t gap = to - from > 32 ? (to - from) / 3 : 1; gap; gap = gap > 1 ? (gap + 1) / 3 : 0)
        for (int32_t i = from + gap; i < to; i++) {
            int32_t p = o->near[i], j = i;
            double k = o->key[p];
            for (; j - gap >= from; j -= gap) {
                int32_t q = o->near[j - gap];
                if (o->key[q] < k || (o->key[q] == k && q < p)) break;
                o->near[j] = q;
            }
            o->near[j] = p;
        }
}

void order_block(Order *o, int32_t block) {
    if (o->done[block]) return;
    insert(o, block_from(o, block), o->end[block]);
    o->done[block] = 1;
}

/* The last place that the limits let in, within the last bucket or, where its first is as far as the last before it,
   before all of those: circles that would hold more do not exist. */
static int32_t limited(Order *o, const Job *job, double held, int32_t first, int32_t from, int32_t to) {
    insert(o, from, to);
    int32_t last = from;
    for (int32_t i = from; i < to; i++) {
        held += job->size[o->near[i]];
        if (held > job->most * (1 + 1e-12) || o->key[o->near[i]] > job->reach) break;
        if (ends(o, i, to)) last = i + 1;
    }
    if (last > from || from == first) return last;
    insert(o, first, from);
    while (last > first && !ends(o, last - 1, to)) last--;
    return last;
}

/* The least and the largest key, and the sizes, of a bucket. */
static inline double bucket(const Order *o, const Job *job, int32_t from, int32_t to, double *near, double *far) {
    double sizes = 0;
    *near = INFINITY;
    *far = 0;
    for (int32_t j = from; j < to; j++) {
        double key = o->key[o->near[j]];
        sizes += job->size[o->near[j]];
        *near = key < *near ? key : *near;
        *far = key > *far ? key : *far;
    }
    return sizes;
}

/* Whole buckets are put together to blocks; a block never ends between places at one distance. */
static void blocked(Order *o, const Job *job, Blocks blocks, int32_t top) {
    double held = 0, before = -INFINITY, near, far;
    int32_t i = 0, begun = 0;
    o->blocks = o->count = 0;
    for (int32_t b = 0; b < top && i < job->places; b++) {
        if (o->start[b] == i) continue;
        double more = bucket(o, job, i, o->start[b], &near, &far);
        int apart = further(o->fine, near, before);
        int32_t wanted = (int32_t)(begun * blocks.grow + blocks.root * sqrt(begun));
        if (apart && i - begun >= (wanted > blocks.least ? wanted : blocks.least)) o->end[o->blocks++] = begun = i;
        if (held + more > job->most * (1 + 1e-12) || far > job->reach) {
            o->count = limited(o, job, held, apart ? i : begun, i, o->start[b]);
            break;
        }
        held += more;
        before = far;
        o->count = i = o->start[b];
    }
    if (o->count > begun) o->end[o->blocks++] = o->count;
    memset(o->done, 0, (size_t)o->blocks);
}

void order_around(Order *o, const Job *job, int32_t centre, Blocks blocks) {
    int32_t n = job->places, offset[OCTAVES];
    uint8_t shift[OCTAVES];
    distances(o, job, centre);
    int32_t top = parting(o->code, n, blocks.wide, offset, shift, o->room), *start = o->start;
    memset(start, 0, (size_t)(top + 1) * sizeof *start);
    for (int32_t i = 0; i < n; i++) {
        uint32_t c = o->code[i];
        o->code[i] = (uint32_t)(offset[c >> 20] + (int32_t)((c & 0xFFFFF) >> shift[c >> 20]));
        start[o->code[i] + 1]++;
    }
    for (int32_t b = 0; b < top; b++) start[b + 1] += start[b];
    for (int32_t i = 0; i < n; i++) o->near[start[o->code[i]]++] = i;
    /* Each start now stands where its bucket ends. */
    blocked(o, job, blocks, top);
}

#define scan_meets OF_LEVEL(scan_meets)

/* Whether any of these places lies no further from a centre than `key`. */
EXPORTED int scan_meets(const Job *job, int32_t centre, double key, const int32_t *places, int32_t count) {
    double cz = job->dims == 3 ? job->cz[centre] : 0.0;
    for (int32_t i = 0; i < count; i++)
        if (!further(job->fine, key_of(job, places[i], job->cx[centre], job->cy[centre], cz), key)) return 1;
    return 0;
}
