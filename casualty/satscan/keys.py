"""The keys of SaTScan's parameter files, versions 7 to 10, and what becomes of each here.

used: read. refused: changes the result in a way not held here, so it must stand at its default. output: chooses only
what is written; named as not produced unless at its default. quiet: how the work is run, or a detail of a key that is
refused or an output. After `if`: the values of another key under which a key says anything at all.
"""

import re
from typing import NamedTuple

_TABLE = """
key | default | becomes | what it asks for
[Input]
CaseFile                                   |            | used    |
ControlFile                                |            | used    |
PopulationFile                             |            | used    |
CoordinatesFile                            |            | used    |
PrecisionCaseTimes                         | 0          | used    |
StartDate                                  |            | used    |
EndDate                                    |            | used    |
UseGridFile                                | n          | used    |
GridFile                                   |            | used    |
CoordinatesType                            | 0          | used    |
[Analysis]
AnalysisType                               | 1          | used    |
ModelType                                  | 0          | used    |
ScanAreas                                  | 1          | used    |
TimeAggregationUnits                       | 0          | used    |
TimeAggregationLength                      | 1          | used    |
[Output]
ResultsFile                                |            | output  |
OutputGoogleEarthKML                       | n          | output  |
OutputShapefiles                           | n          | output  |
OutputCartesianGraph                       | n          | output  |
OutputGoogleMaps                           | n          | output  |
MostLikelyClusterEachCentroidASCII         | n          | output  |
MostLikelyClusterEachCentroidDBase         | n          | output  |
MostLikelyClusterCaseInfoEachCentroidASCII | n          | output  |
MostLikelyClusterCaseInfoEachCentroidDBase | n          | output  |
CensusAreasReportedClustersASCII           | n          | output  |
CensusAreasReportedClustersDBase           | n          | output  |
IncludeRelativeRisksCensusAreasASCII       | n          | output  |
IncludeRelativeRisksCensusAreasDBase       | n          | output  |
SaveSimLLRsASCII                           | n          | output  |
SaveSimLLRsDBase                           | n          | output  |
[Multiple Data Sets]
MultipleDataSetsPurposeType                | 0          | quiet   |
[Data Checking]
StudyPeriodCheckType                       | 0          | used    |
GeographicalCoordinatesCheckType           | 0          | used    |
[Locations Network]
UseLocationsNetworkFile                    | n          | refused | distances along a network
LocationsNetworkFilename                   |            | quiet   |
[Spatial Neighbors]
UseNeighborsFile                           | n          | refused | neighbours from a file
NeighborsFilename                          |            | quiet   |
UseMetaLocationsFile                       | n          | refused | locations made of locations
MetaLocationsFilename                      |            | quiet   |
MultipleCoordinatesType                    | 0          | refused | several coordinates for one location
MultipleLocationsFile                      |            | refused | several coordinates for one location
[Spatial Window]
MaxSpatialSizeInPopulationAtRisk           | 50         | used    |
UseMaxCirclePopulationFileOption           | n          | used    |
MaxSpatialSizeInMaxCirclePopulationFile    | 50         | used    |
MaxCirclePopulationFile                    |            | used    |
UseDistanceFromCenterOption                | n          | used    |
MaxSpatialSizeInDistanceFromCenter         | 1          | used    |
IncludePurelyTemporal                      | n          | refused | purely temporal clusters | if AnalysisType=3,4
SpatialWindowShapeType                     | 0          | used    |
NonCompactnessPenalty                      | 1          | used    |
IsotonicScan                               | 0          | refused | an isotonic scan
[Temporal Window]
MinimumTemporalClusterSize                 | 1          | used    |
MaxTemporalSizeInterpretation              | 0          | used    |
MaxTemporalSize                            | 50         | used    |
IncludePurelySpatial                       | n          | refused | purely spatial clusters | if AnalysisType=3,4
IncludeClusters                            | 0          | used    |
IntervalStartRange                         |            | quiet   |
IntervalEndRange                           |            | quiet   |
[Cluster Restrictions]
RiskLimitHighClusters                      | n          | refused | a least relative risk
RiskThresholdHighClusters                  | 1          | quiet   |
RiskLimitLowClusters                       | n          | refused | a greatest relative risk
RiskThresholdLowClusters                   | 1          | quiet   |
MinimumCasesInLowRateClusters              | 0          | used    |
MinimumCasesInHighRateClusters             | 2          | used    |
[Space and Time Adjustments]
TimeTrendAdjustmentType                    | 0          | refused | an adjustment for a trend in time
TimeTrendPercentage                        | 0          | quiet   |
LogLinearPercentageType                    | 1          | quiet   |
TimeStratifiedAdjLength                    | 1          | quiet   |
TimeTrendType                              | 0          | quiet   |
AdjustForWeeklyTrends                      | n          | refused | an adjustment for days of the week
SpatialAdjustmentType                      | 0          | refused | an adjustment for place
UseAdjustmentsByRRFile                     | n          | refused | an adjustment by known relative risks
AdjustmentsByKnownRelativeRisksFilename    |            | quiet   |
[Inference]
PValueReportType                           | 0          | used    |
EarlyTerminationThreshold                  | 50         | used    |
EarlySimulationTermination                 | n          | used    |
ReportGumbel                               | n          | used    |
MonteCarloReps                             | 999        | used    |
RandomizationSeed                          |            | used    |
AdjustForEarlierAnalyses                   | n          | used    |
ProspectiveStartDate                       |            | used    |
IterativeScan                              | n          | refused | an iterative scan
IterativeScanMaxIterations                 | 10         | quiet   |
IterativeScanMaxPValue                     | 0.05       | quiet   |
SequentialScan                             | n          | refused | an iterative scan
SequentialScanMaxIterations                | 0          | quiet   |
SequentialScanMaxPValue                    | 0          | quiet   |
[Cluster Drilldown]
PerformStandardDrilldown                   | n          | output  |
PerformBernoulliDrilldown                  | n          | output  |
DrilldownMinimumClusterLocations           | 2          | quiet   |
DrilldownMinimumClusterCases               | 10         | quiet   |
DrilldownClusterCutoff                     | 0.05       | quiet   |
DrilldownClusterPvalueCutoff               | 0.05       | quiet   |
DrilldownAdjustForWeeklyTrends             | n          | quiet   |
[Miscellaneous Analysis]
CalculateOliveira                          | n          | output  |
CalculateOliviera                          | n          | output  |
NumBootstrapReplications                   | 1000       | quiet   |
NumOlivieraSets                            | 1000       | quiet   |
OliveiraPvalueCutoff                       | 0.05       | quiet   |
OlivieraPvalueCutoff                       | 0.05       | quiet   |
ProspectiveFrequencyType                   | 0          | output  |
ProspectiveFrequency                       | 1          | quiet   |
[Power Evaluation]
PerformPowerEvaluation                     | n          | output  |
PowerEvaluationsMethod                     | 0          | refused | a power evaluation alone | if PerformPowerEvaluation=y
PowerEvaluationTotalCases                  | 600        | quiet   |
CriticalValueType                          | 0          | quiet   |
CriticalValue05                            | 0          | quiet   |
CriticalValue01                            | 0          | quiet   |
CriticalValue001                           | 0          | quiet   |
PowerEstimationType                        | 0          | quiet   |
NumberPowerReplications                    | 1000       | quiet   |
AlternativeHypothesisFilename              |            | quiet   |
PowerEvaluationsSimulationMethod           | 0          | quiet   |
PowerEvaluationsSimulationSourceFilename   |            | quiet   |
ReportPowerEvaluationSimulationData        | n          | output  |
PowerEvaluationsSimulationOutputFilename   |            | quiet   |
[Spatial Output]
LaunchMapViewer                            | n          | quiet   |
LaunchKMLViewer                            | n          | quiet   |
CompressKMLtoKMZ                           | n          | quiet   |
IncludeClusterLocationsKML                 | y          | quiet   |
ThresholdLocationsSeparateKML              | 1000       | quiet   |
ReportHierarchicalClusters                 | y          | output  |
CriteriaForReportingSecondaryClusters      | 0          | output  |
ReportGiniClusters                         | n          | output  |
GiniIndexClusterReportingType              | 0          | quiet   |
SpatialMaxima                              |            | quiet   |
GiniIndexClustersPValueCutOff              | 0.05       | quiet   |
ReportGiniIndexCoefficents                 | n          | output  |
UseReportOnlySmallerClusters               | n          | refused | clusters up to a size alone to be listed
MaxSpatialSizeInPopulationAtRisk_Reported  | 50         | quiet   |
UseMaxCirclePopulationFileOption_Reported  | n          | quiet   |
MaxSizeInMaxCirclePopulationFile_Reported  | 50         | quiet   |
UseDistanceFromCenterOption_Reported       | n          | quiet   |
MaxSpatialSizeInDistanceFromCenter_Reported| 1          | quiet   |
[Temporal Output]
OutputTemporalGraphHTML                    | n          | output  |
TemporalGraphReportType                    | 0          | quiet   |
TemporalGraphMostMLC                       | 1          | quiet   |
TemporalGraphSignificanceCutoff            | 0.05       | quiet   |
[Other Output]
CriticalValue                              | n          | output  |
ReportClusterRank                          | n          | quiet   |
PrintAsciiColumnHeaders                    | n          | quiet   |
ResultsTitle                               |            | output  |
CutoffClusterLinelistCSV                   | 0.05       | quiet   |
LineListIndividualCache                    |            | output  |
ClusterSignificanceByRecurrence            | n          | output  |
ClusterSignificanceRecurrenceCutoff        | 100        | quiet   |
ClusterSignificanceRecurrenceCutoffType    | 3          | quiet   |
ClusterSignificanceByPvalue                | n          | output  |
ClusterSignificancePvalueCutoff            | 0.05       | quiet   |
[Notifications]
EmailAlwaysSummary                         | n          | output  |
EmailAlwaysRecipients                      |            | quiet   |
EmailCutoffSummary                         | n          | output  |
EmailCutoffRecipients                      |            | quiet   |
EmailCutoffValue                           | 0.05       | quiet   |
EmailAttachResults                         | n          | quiet   |
EmailIncludeResults                        | n          | quiet   |
CustomEmail                                | n          | quiet   |
CustomEmailSubjectLine                     |            | quiet   |
CustomEmailMessageBody                     |            | quiet   |
EmailResultsSummary                        | n          | output  |
EmailSignificantRecipients                 |            | quiet   |
EmailSubjectLineNoSignificant              |            | quiet   |
EmailMessageBodyNoSignificant              |            | quiet   |
EmailSubjectLineSignificant                |            | quiet   |
EmailMessageBodySignificant                |            | quiet   |
[Elliptic Scan]
EllipseShapes                              | 1.5,2,3,4,5    | used |
EllipseAngles                              | 4,6,9,12,15    | used |
[Power Simulations]
PValues2PrespecifiedLLRs                   | n          | output  |
LLR1                                       | 0          | quiet   |
LLR2                                       | 0          | quiet   |
SimulatedDataMethodType                    | 0          | refused | replications from a file or under another law
SimulatedDataInputFilename                 |            | quiet   |
PrintSimulatedDataToFile                   | n          | output  |
SimulatedDataOutputFilename                |            | quiet   |
[Run Options]
NumberParallelProcesses                    | 0          | quiet   |
SuppressWarnings                           | n          | quiet   |
LogRunToHistoryFile                        | n          | output  |
ExecutionType                              | 0          | quiet   |
Version                                    |            | quiet   |
"""

FILES = ("CaseFile", "ControlFile", "PopulationFile", "CoordinatesFile", "GridFile", "MaxCirclePopulationFile")
"""The keys that name a file that is read; each may have keys of its own that say how: CaseFile-SourceType and so on."""

_SOURCE = {
    "SourceType": "0",
    "SourceFieldMap": "",
    "SourceDelimiter": "",
    "SourceGrouper": '"',
    "SourceSkip": "0",
    "SourceFirstRowHeader": "n",
}
_OTHER_SOURCE = r"\w+-source\w+"
_FURTHER = r"(case|control|population)file([2-9]|\d\d)"
_NAMES = r"dataset\d+-name"
_REGION = r"(observable|polygon|numberpolygons|inequality)\w*(-\w+)*"


class Key(NamedTuple):
    """A key: its name as SaTScan writes it, its default, what becomes of it, and under which other key it lives."""

    name: str
    default: str
    becomes: str
    what: str = ""
    under: str = ""
    values: tuple[str, ...] = ()


def _read() -> dict[str, Key]:
    keys = {}
    for line in _TABLE.splitlines()[2:]:
        if not line.startswith("["):
            name, default, becomes, what, *condition = (cell.strip() for cell in line.split("|"))
            under, _, values = condition[0].removeprefix("if ").partition("=") if condition else ("", "", "")
            keys[name.lower()] = Key(name, default, becomes, what, under, tuple(values.split(",")))
    for file in FILES:
        for part, default in _SOURCE.items():
            keys[f"{file}-{part}".lower()] = Key(f"{file}-{part}", default, "used")
    return keys


KEYS = _read()


def known(name: str) -> Key | None:
    """Return what is held of a key, written in any case; None if it is none of SaTScan's."""
    if name.lower() in KEYS:
        return KEYS[name.lower()]
    if re.fullmatch(_FURTHER, name.lower()):
        return Key(name, "", "refused", "a further data set")
    if re.fullmatch(_REGION, name.lower()):
        return Key(name, "", "refused", "a region drawn by hand")
    if re.fullmatch(_OTHER_SOURCE, name.lower()) or re.fullmatch(_NAMES, name.lower()):
        return Key(name, "", "quiet")
    return None


def like(name: str) -> str:
    """Return the known key most like a name, or nothing."""
    import difflib

    near = difflib.get_close_matches(name.lower(), KEYS, 1, 0.7)
    return KEYS[near[0]].name if near else ""
