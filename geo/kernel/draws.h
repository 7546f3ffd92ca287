/* Where cases lie: the observed ones, and those of a replicate under the null. */
#ifndef DRAWS_H
#define DRAWS_H

#include "kernel.h"

/* The cells that cases lie in, by place; or, when `timed`, single records whose bins are drawn. */
typedef struct {
    int32_t count, timed;
    int32_t *start, *of, *bin;  /* of each place: the cells from start to the next start; the bin of a cell */
    int32_t *place;             /* of a cell */
    int64_t units;              /* single records: what the null moves about */
    int32_t *unit;              /* row of the job's records that each unit comes from */
    double *part;               /* its weight */
    int32_t *stratum;           /* where each stratum's units start; strata + 1 */
    double *chance;             /* alias table over cells (Walker 1977, Vose 1991) */
    int32_t *other;
} Cells;

typedef struct {
    double *counts;             /* by cell */
    uint16_t *times;            /* by unit; `bins` stands for a time outside every window */
    int32_t *order;             /* units, shuffled */
    double cases;
} Drawn;

#define cells_new OF_LEVEL(cells_new)
#define cells_free OF_LEVEL(cells_free)
#define drawn_new OF_LEVEL(drawn_new)
#define drawn_free OF_LEVEL(drawn_free)
#define draw OF_LEVEL(draw)
Cells *cells_new(const Job *job);
void cells_free(Cells *cells);
Drawn *drawn_new(const Job *job, const Cells *cells);
void drawn_free(Drawn *d);
/* Replicate 0 is what was observed. */
void draw(const Job *job, const Cells *cells, Drawn *d, int64_t replicate);

#endif
