"""A SaTScan parameter file, run: `patterns scan --prm FILE`. It loads no more than the scan itself needs."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casualty.cli.terminal import remaining, written
from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.satscan import Run, described, read
from casualty.workers import executor
from geo.faults import TooLittle, Unusable
from geo.scan import Cluster, Scan, scan

SHOWN = 10
LEVEL = 0.05


def command(arguments: Sequence[str]) -> None:
    """Run a parameter file as the arguments say; see `patterns scan --help`."""
    given = _parser().parse_args(arguments)
    if given.replications is not None and given.replications < 0:
        raise UsageFault("--replications must be 0 or more.")
    if given.threads < 1:
        raise UsageFault("--threads must be 1 or more.")
    ran(given.prm, given.replications, given.seed, given.threads, given.cluster, given.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="casualty patterns scan", description="Run a SaTScan parameter file.", allow_abbrev=False
    )
    parser.add_argument("--prm", type=Path, required=True, metavar="FILE", help="The parameter file.")
    parser.add_argument("--replications", type=int, help="Instead of the number in the file.")
    parser.add_argument("--seed", type=int, help="Seed of the replications; 1 unless the file states one.")
    parser.add_argument("--threads", type=int, default=1, help="Threads; the answer is the same with any number.")
    parser.add_argument("--cluster", default="", metavar="ADDRESS", help="A Dask scheduler, instead of threads.")
    parser.add_argument("--json", type=Path, metavar="OUT", help="Write the result here; - is standard output.")
    return parser


def ran(prm: Path, replications: int | None, seed: int | None, threads: int, cluster: str, to: Path | None) -> None:
    """Run a parameter file, print what was found, and write it as JSON.

    Raises UsageFault, NotFound, InvalidRecords and NotEnoughData with the mend.
    """
    run = read(prm)
    number = run.replications if replications is None else replications
    chosen = seed if seed is not None else run.seed if run.seed is not None else 1
    try:
        with executor(threads, cluster or None) as (hands, workers):
            found = scan(
                run.design, replications=number, seed=chosen, executor=hands, workers=workers,
                progress=remaining("parts of the scan"), stop_after=run.stop_after, gumbel=run.gumbel,
            )  # fmt: skip
    except TooLittle as wrong:
        raise NotEnoughData(str(wrong)) from wrong
    except Unusable as wrong:
        raise InvalidRecords(str(wrong)) from wrong
    document = _document(run, found)
    if to is not None:
        _write(to, document)
    lines = [described(run), document["sentence"], *_table(found, run), *_notes(run)]
    print("\n".join(lines), file=sys.stderr if to is not None and str(to) == "-" else sys.stdout)


def _document(run: Run, found: Scan) -> dict[str, Any]:
    told = {
        "method": "scan",
        "sentence": _sentence(found),
        "caveats": [
            "Cases are counted one by one, as SaTScan does: where many belong to one event, p is too small."
            " Ask the record, where an incident counts once.",
        ],
        "description": described(run),
        "not_produced": list(run.not_produced),
        "remarks": list(run.remarks),
        "seed": found.seed,
        "stopped_early": found.stopped_early,
    }
    document = found.as_json(run.spans) | told
    if run.gumbel:
        for cluster, entry in zip(found.clusters, document["clusters"], strict=True):
            entry["gumbel_p"] = cluster.gumbel_p
    return document


def _sentence(found: Scan) -> str:
    if not found.clusters:
        return "No cluster: no window has a rate that was looked for."
    first = found.clusters[0]
    if first.p is None:
        return "The most likely cluster is described without a test: no replication was run."
    if first.p > LEVEL:
        return f"Nothing stands out: the most likely cluster would come about by chance, p = {first.p:.3g}."
    many = sum(c.p is not None and c.p <= LEVEL for c in found.clusters)
    return (
        f"{many} cluster{'s' if many > 1 else ''} stand{'' if many > 1 else 's'} out at 5 %, p = {first.p:.3g} for the"
        " first: consistent with a concentration of cases there, if cases are independent of one another."
    )


def _table(found: Scan, run: Run) -> list[str]:
    rows = [_row(cluster, found, run) for cluster in found.clusters[:SHOWN]]
    if not rows:
        return []
    head = f"{'rank':>4} {'LLR':>11} {'p':>7} {'cases':>10} {'expected':>10} {'RR':>7}  time and places"
    hidden = len(found.clusters) - len(rows)
    return [
        "",
        head,
        *rows,
        *([f"Shown {len(rows)} of {len(found.clusters)} clusters; --json has them all."] if hidden else []),
    ]


def _row(cluster: Cluster, found: Scan, run: Run) -> str:
    ids = [found.design.places.ids[i] for i in cluster.places]
    when = f"{run.spans[cluster.first][0]} to {run.spans[cluster.last][1]}"
    names = ", ".join(ids[:6]) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")
    p = "-" if cluster.p is None else f"{cluster.p:.4f}"
    numbers = f"{_short(cluster.cases):>10} {_short(cluster.expected):>10} {_short(cluster.relative_risk):>7}"
    return f"{cluster.rank:>4} {cluster.log_likelihood_ratio:>11.6f} {p:>7} {numbers}  {when}: {names}"


def _short(value: float | tuple[float, ...]) -> str:
    return "/".join(map(_short, value)) if isinstance(value, tuple) else f"{value:.4g}"


def _notes(run: Run) -> list[str]:
    notes = [f"Note: {remark}" for remark in run.remarks]
    if run.not_produced:
        notes.append(f"Asked for in the file and not produced: {', '.join(run.not_produced)}.")
    return ["", *notes] if notes else []


def _write(to: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if str(to) == "-":
        sys.stdout.write(text)
        return
    written(to, text)
