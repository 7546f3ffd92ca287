"""Run every benchmark and print its figures: `python -m bench`."""

import json
import sys

from bench import entry, intake, linkage, null_alarms, null_patterns, planted, review, scan
from bench import map as atlas

print("Intake of 176,579 events, as ratios within this run:")
print(json.dumps(intake.measure(), indent=2))
print("Planted patterns over 20 seeds of the sample:")
figures = planted.measure()
print(json.dumps(figures, indent=2))
print("The same people on two lists:")
print(json.dumps(linkage.measure(), indent=2) if linkage.FOLDER.is_dir() else "Not measured: the lists are not here.")
print("Waits of a recorder, on a record of 176,579 incidents:")
print(json.dumps(entry.measure(), indent=2))
print("Waits of a reviewer, on the same record:")
print(json.dumps(review.measure(), indent=2))
print("Scans, against SaTScan's CPU seconds for the same designs:")
print(scan.table(scan.measure()))
print("How the cost of scans grows, one thread:")
print(scan.grown_table(scan.growth()))
print("Alarms with no targeting, 1,000 simulated databases:")
alarms = null_alarms.main()
print("Every pattern question where there is no pattern, 1,000 simulated records:")
alarms += null_patterns.main()
print("The map page in a browser:")
slow = atlas.main()
sys.exit(bool(slow or figures["planted pattern lost"] or figures["patterns invented"] or alarms))
