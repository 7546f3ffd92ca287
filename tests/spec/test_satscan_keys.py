"""What becomes of the keys of a SaTScan parameter file, in tables that a user of SaTScan can read.

Each line is added to the file of a sound analysis: purely spatial, or retrospective by days (`3`). It is read, or read
and named as an output that is not produced, or refused by its name because it would change the result.
"""

from pathlib import Path

import pytest

from casualty.errors import UsageFault
from casualty.satscan import Run, read
from casualty.satscan.keys import KEYS

SOUND = {
    "CaseFile": "x.cas",
    "ControlFile": "x.ctl",
    "CoordinatesFile": "x.geo",
    "ModelType": "1",
    "AnalysisType": "1",
    "PrecisionCaseTimes": "3",
    "StartDate": "2020/1/1",
    "EndDate": "2020/1/20",
    "TimeAggregationUnits": "3",
    "MaxCirclePopulationFile": "x.max",
    "GridFile": "x.grd",
}

READ = [
    # analysis, what is added                                          what is then scanned
    ("1 ScanAreas=3", "windows.rates=both"),
    ("1 ScanAreas=2", "windows.rates=low"),
    ("1 MaxSpatialSizeInPopulationAtRisk=25", "windows.share=0.25"),
    ("1 MaxSpatialSizeInDistanceFromCenter=7", "windows.radius=None"),
    ("1 UseDistanceFromCenterOption=y MaxSpatialSizeInDistanceFromCenter=7.5", "windows.radius=7.5"),
    ("1 UseMaxCirclePopulationFileOption=Y MaxSpatialSizeInMaxCirclePopulationFile=10", "windows.share=0.1"),
    ("1 MinimumCasesInHighRateClusters=5", "windows.least_high=5"),
    ("1 MinimumCasesInLowRateClusters=3", "windows.least_low=3"),
    ("1 SpatialWindowShapeType=1", "windows.ellipses=(1.5, 2.0, 3.0, 4.0, 5.0)"),
    ("1 SpatialWindowShapeType=1", "windows.turns=(4, 6, 9, 12, 15)"),
    ("1 SpatialWindowShapeType=1", "windows.penalty=0.5"),
    ("1 SpatialWindowShapeType=1 NonCompactnessPenalty=2 EllipseShapes=2 EllipseAngles=6", "windows.penalty=1.0"),
    ("1 SpatialWindowShapeType=1 NonCompactnessPenalty=0 EllipseShapes=2 EllipseAngles=6", "windows.turns=(6,)"),
    ("1 EllipseShapes=2", "windows.ellipses=()"),
    ("1 TimeAggregationLength=5", "bins=1"),
    ("3", "bins=20"),
    ("3", "windows.kind=retrospective"),
    ("4", "windows.kind=prospective"),
    ("3 IncludeClusters=1", "windows.kind=prospective"),
    ("3", "windows.longest=10"),
    ("3 MaxTemporalSize=33", "windows.longest=6"),
    ("3 MaxTemporalSizeInterpretation=1 MaxTemporalSize=7", "windows.longest=7"),
    ("3 TimeAggregationLength=3", "bins=7"),
    ("3 TimeAggregationLength=3", "windows.longest=3"),
    ("3 TimeAggregationLength=3 MaxTemporalSizeInterpretation=1 MaxTemporalSize=17", "windows.longest=5"),
    ("3 TimeAggregationLength=3 MinimumTemporalClusterSize=4", "windows.shortest=2"),
    ("3 MinimumTemporalClusterSize=4", "windows.shortest=4"),
    ("4 ProspectiveStartDate=2020/1/10", "windows.looked_from=None"),
    ("4 ProspectiveStartDate=2020/1/10 AdjustForEarlierAnalyses=y", "windows.looked_from=9"),
    ("1 IncludePurelySpatial=y", "windows.kind=spatial"),
    ("1 modeltype=1", "model=bernoulli"),
    ("1 IterativeScan=N IterativeScanMaxIterations=7", "model=bernoulli"),
    ("1 MonteCarloReps=", "replications=999"),
    ("1 MonteCarloReps=0", "replications=0"),
    ("1 RandomizationSeed=7", "seed=7"),
    ("1", "seed=None"),
    ("1 PValueReportType=2 EarlyTerminationThreshold=20", "stop_after=20"),
    ("1 PValueReportType=1 EarlyTerminationThreshold=20", "stop_after=None"),
    ("1 PValueReportType=3", "gumbel=True"),
    ("1 ReportGumbel=y", "gumbel=True"),
    ("1 UseGridFile=y", "centres.ids=('1', '2')"),
    ("1", "centres=None"),
    ("1", "earth_km=6367.0"),
]  # fmt: skip

NOT_PRODUCED = [
    ("1 ResultsFile=out.txt OutputShapefiles=n", ("ResultsFile",)),
    ("1 SaveSimLLRsDBase=y OutputGoogleMaps=y", ("SaveSimLLRsDBase", "OutputGoogleMaps")),
    ("1 CriteriaForReportingSecondaryClusters=5", ("CriteriaForReportingSecondaryClusters",)),
    ("1 ReportHierarchicalClusters=n ReportGiniClusters=y", ("ReportHierarchicalClusters", "ReportGiniClusters")),
    ("1 CalculateOliveira=y NumBootstrapReplications=200", ("CalculateOliveira",)),
    ("1 PerformPowerEvaluation=y", ("PerformPowerEvaluation",)),
    ("1 ReportClusterRank=y LaunchMapViewer=y Version=10.3.0 NumberParallelProcesses=4", ()),
]

REFUSED = [
    # analysis, what is added                    the keys that are named     and what is said of the first
    ("1 ModelType=4", ["ModelType"], "the exponential model"),
    ("1 ModelType=3", ["ModelType"], "the ordinal model"),
    ("1 ModelType=11", ["ModelType"], "Write one of 0, 1, 2, 7"),
    ("1 ModelType=2", ["AnalysisType"], "needs times"),
    ("2", ["AnalysisType"], "a purely temporal analysis"),
    ("5", ["AnalysisType"], "spatial variation in temporal trends"),
    ("3 IncludePurelySpatial=y", ["IncludePurelySpatial"], "purely spatial clusters"),
    ("4 IncludePurelyTemporal=y", ["IncludePurelyTemporal"], "purely temporal clusters"),
    ("3 IncludeClusters=2", ["IncludeClusters"], "a flexible window"),
    ("1 IterativeScan=y", ["IterativeScan"], "would change the result"),
    ("1 IsotonicScan=1", ["IsotonicScan"], "isotonic"),
    ("3 TimeTrendAdjustmentType=2 TimeTrendPercentage=3", ["TimeTrendAdjustmentType"], "Set it to 0"),
    ("3 AdjustForWeeklyTrends=y SpatialAdjustmentType=1", ["AdjustForWeeklyTrends", "SpatialAdjustmentType"], "days"),
    ("1 UseAdjustmentsByRRFile=y", ["UseAdjustmentsByRRFile"], "known relative risks"),
    ("1 RiskLimitHighClusters=y", ["RiskLimitHighClusters"], "least relative risk"),
    ("1 UseReportOnlySmallerClusters=y", ["UseReportOnlySmallerClusters"], "would change"),
    ("1 UseNeighborsFile=y", ["UseNeighborsFile"], "neighbours"),
    ("1 UseLocationsNetworkFile=y", ["UseLocationsNetworkFile"], "network"),
    ("1 UseMetaLocationsFile=y", ["UseMetaLocationsFile"], "locations made of locations"),
    ("1 CaseFile2=y.cas", ["CaseFile2"], "a further data set"),
    ("1 Polygon1-1=x", ["Polygon1-1"], "a region drawn by hand"),
    ("1 SimulatedDataMethodType=2", ["SimulatedDataMethodType"], "replications from a file"),
    ("1 PerformPowerEvaluation=y PowerEvaluationsMethod=1", ["PowerEvaluationsMethod"], "a power evaluation alone"),
    ("1 CaseFile-SourceType=2", ["CaseFile-SourceType"], "a shapefile"),
    ("1 CaseFile-SourceFieldMap=1,generatedId", ["CaseFile-SourceFieldMap"], "'generatedId'"),
    ("1 MonteCarloRep=99", ["MonteCarloRep"], "Did you mean MonteCarloReps?"),
    ("1 Zzz=1", ["Zzz"], "no key of SaTScan's"),
    ("1 MonteCarloReps=many ScanAreas=4", ["ScanAreas", "MonteCarloReps"], "Write one of 1, 2, 3"),
    ("1 UseGridFile=maybe", ["UseGridFile"], "Write y or n"),
    ("1 UseGridFile=y GridFile=", ["GridFile"], "is blank"),
    ("1 ControlFile=", ["ControlFile"], "is blank"),
    ("1 ModelType=0", ["PopulationFile"], "is blank"),
    ("1 EndDate=2019/1/1", ["EndDate"], "before StartDate"),
    ("1 StartDate=", ["StartDate"], "is missing"),
    ("1 StartDate=2020/13/1", ["StartDate"], "YYYY/MM/DD"),
    ("1 PrecisionCaseTimes=1", ["EndDate"], "within a year"),
    ("3 PrecisionCaseTimes=0", ["PrecisionCaseTimes"], "needs times"),
    ("3 TimeAggregationUnits=4", ["TimeAggregationUnits"], "does not go with"),
    ("3 MaxTemporalSizeInterpretation=1 MaxTemporalSize=19", ["MaxTemporalSize"], "18 or less"),
    ("3 TimeAggregationLength=15", ["MaxTemporalSize"], "leaves 0 intervals"),
    ("1 MaxSpatialSizeInPopulationAtRisk=60", ["MaxSpatialSizeInPopulationAtRisk"], "50 or less"),
    ("1 MaxSpatialSizeInPopulationAtRisk=nan", ["MaxSpatialSizeInPopulationAtRisk"], "above 0"),
    ("1 MaxSpatialSizeInPopulationAtRisk=20 UseMaxCirclePopulationFileOption=y",
     ["MaxSpatialSizeInPopulationAtRisk"], "a second limit"),
    ("1 SpatialWindowShapeType=1 EllipseShapes=2,3", ["EllipseAngles"], "one number for each"),
    ("1 SpatialWindowShapeType=1 CoordinatesType=1", ["SpatialWindowShapeType"], "Cartesian"),
    ("4 AdjustForEarlierAnalyses=y", ["ProspectiveStartDate"], "within the study period"),
]  # fmt: skip

# A parameter file as version 10.3 writes it, without its comments: outputs asked for, all else at its default.
WRITTEN = """
CaseFile-SourceType=0 CaseFile-SourceFieldMap=1,2,3 CaseFile-SourceDelimiter= CaseFile-SourceGrouper="
CaseFile-SourceSkip=0 CaseFile-SourceFirstRowHeader=n UseGridFile=n CoordinatesType=0 ScanAreas=1
TimeAggregationLength=1 ResultsFile=results.txt OutputGoogleEarthKML=n OutputShapefiles=n OutputCartesianGraph=n
MostLikelyClusterEachCentroidASCII=n MostLikelyClusterEachCentroidDBase=n
MostLikelyClusterCaseInfoEachCentroidASCII=n MostLikelyClusterCaseInfoEachCentroidDBase=n
CensusAreasReportedClustersASCII=n CensusAreasReportedClustersDBase=n IncludeRelativeRisksCensusAreasASCII=n
IncludeRelativeRisksCensusAreasDBase=n SaveSimLLRsASCII=y SaveSimLLRsDBase=n OutputGoogleMaps=y
MultipleDataSetsPurposeType=1 DataSet1-Name=Data StudyPeriodCheckType=0 GeographicalCoordinatesCheckType=0
LocationsNetworkFilename= UseLocationsNetworkFile=n UseNeighborsFile=n NeighborsFilename= UseMetaLocationsFile=n
MetaLocationsFilename= MultipleCoordinatesType=0 MultipleLocationsFile= MaxSpatialSizeInPopulationAtRisk=50
UseMaxCirclePopulationFileOption=n MaxSpatialSizeInMaxCirclePopulationFile=50 UseDistanceFromCenterOption=n
MaxSpatialSizeInDistanceFromCenter=1 IncludePurelyTemporal=n SpatialWindowShapeType=0 NonCompactnessPenalty=1
IsotonicScan=0 MinimumTemporalClusterSize=1 MaxTemporalSizeInterpretation=0 MaxTemporalSize=50
IncludePurelySpatial=n IncludeClusters=0 IntervalStartRange=2000/1/1,2000/12/31
IntervalEndRange=2000/1/1,2000/12/31 RiskLimitHighClusters=n RiskThresholdHighClusters=1 RiskLimitLowClusters=n
RiskThresholdLowClusters=1 MinimumCasesInLowRateClusters=0 MinimumCasesInHighRateClusters=2
TimeTrendAdjustmentType=0 TimeTrendPercentage=0 TimeStratifiedAdjLength=7 TimeTrendType=0 AdjustForWeeklyTrends=n
SpatialAdjustmentType=0 UseAdjustmentsByRRFile=n AdjustmentsByKnownRelativeRisksFilename= PValueReportType=1
EarlyTerminationThreshold=50 ReportGumbel=n MonteCarloReps=999 AdjustForEarlierAnalyses=n
ProspectiveStartDate=2000/12/31 IterativeScan=n IterativeScanMaxIterations=10 IterativeScanMaxPValue=0.5
PerformStandardDrilldown=n PerformBernoulliDrilldown=n DrilldownMinimumClusterLocations=2
DrilldownMinimumClusterCases=10 DrilldownClusterCutoff=365 DrilldownAdjustForWeeklyTrends=n CalculateOliveira=n
NumBootstrapReplications=1000 OliveiraPvalueCutoff=0.05 ProspectiveFrequencyType=0 ProspectiveFrequency=1
PerformPowerEvaluation=n PowerEvaluationsMethod=0 PowerEvaluationTotalCases=600 CriticalValueType=0
CriticalValue05=0 CriticalValue01=0 CriticalValue001=0 PowerEstimationType=0 NumberPowerReplications=1000
AlternativeHypothesisFilename= PowerEvaluationsSimulationMethod=0 PowerEvaluationsSimulationSourceFilename=
ReportPowerEvaluationSimulationData=n PowerEvaluationsSimulationOutputFilename= LaunchMapViewer=n
CompressKMLtoKMZ=n IncludeClusterLocationsKML=y ThresholdLocationsSeparateKML=1000 ReportHierarchicalClusters=y
CriteriaForReportingSecondaryClusters=0 ReportGiniClusters=n GiniIndexClusterReportingType=0
SpatialMaxima=1,2,3,4,5,6,8,10,12,15,20,25,30,40,50 GiniIndexClustersPValueCutOff=0.05
ReportGiniIndexCoefficents=n UseReportOnlySmallerClusters=n MaxSpatialSizeInPopulationAtRisk_Reported=50
UseMaxCirclePopulationFileOption_Reported=n MaxSizeInMaxCirclePopulationFile_Reported=50
UseDistanceFromCenterOption_Reported=n MaxSpatialSizeInDistanceFromCenter_Reported=1 OutputTemporalGraphHTML=n
TemporalGraphReportType=0 TemporalGraphMostMLC=1 TemporalGraphSignificanceCutoff=365 CriticalValue=n
ReportClusterRank=n PrintAsciiColumnHeaders=y ResultsTitle= CutoffClusterLinelistCSV=1 LineListIndividualCache=
EmailAlwaysSummary=n EmailAlwaysRecipients= EmailCutoffSummary=n EmailCutoffRecipients= EmailCutoffValue=365
EmailAttachResults=n EmailIncludeResults=n CustomEmail=n CustomEmailSubjectLine=SaTScan CustomEmailMessageBody=<x>
EllipseShapes=1.5,2,3,4,5 EllipseAngles=4,6,9,12,15 SimulatedDataMethodType=0 SimulatedDataInputFilename=
PrintSimulatedDataToFile=n SimulatedDataOutputFilename= NumberParallelProcesses=0 SuppressWarnings=n
LogRunToHistoryFile=n ExecutionType=0 Version=10.3.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.geo").write_text("a 0 0\nb 1 0\nc 5 5\n")
    (tmp_path / "x.cas").write_text("a 2 2020/1/1\nb 1 2020/1/20\n")
    (tmp_path / "x.ctl").write_text("a 2 2020/1/3\nc 4 2020/1/11\n")
    (tmp_path / "x.max").write_text("a 2\nb 8\n")
    (tmp_path / "x.grd").write_text("0 0\n1 1\n")
    return tmp_path


def scan(folder: Path, added: str) -> Run:
    """Read the sound file with an analysis and further keys in the place of its own."""
    analysis, *pairs = added.split()
    keys = SOUND | {"AnalysisType": analysis}
    for pair in pairs:
        key, _, value = pair.partition("=")
        keys[next((k for k in keys if k.lower() == key.lower()), key)] = value
    text = "[Any]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
    (folder / "x.prm").write_text(text)
    return read(folder / "x.prm")


@pytest.mark.parametrize(("added", "told"), READ)
def test_keys_that_are_read(folder: Path, added: str, told: str) -> None:
    """R55: a parameter says the same here as in SaTScan."""
    run = scan(folder, added)
    path, _, value = told.partition("=")
    found: object = run
    if path.split(".")[0] not in ("replications", "seed", "stop_after", "gumbel"):
        found = run.design
    for name in path.split("."):
        found = getattr(found, name)
    assert str(found) == value


@pytest.mark.parametrize(("added", "named"), NOT_PRODUCED)
def test_outputs_that_are_named_as_not_produced(folder: Path, added: str, named: tuple[str, ...]) -> None:
    """R55: what is asked for and not written is said."""
    assert scan(folder, added).not_produced == named


@pytest.mark.parametrize(("added", "keys", "said"), REFUSED)
def test_keys_that_are_refused_by_their_names(folder: Path, added: str, keys: list[str], said: str) -> None:
    """R55: what would change the result and is not held here is never left out in silence."""
    with pytest.raises(UsageFault) as refused:
        scan(folder, added)
    assert [fault.field for fault in refused.value.faults] == keys
    assert said in str(refused.value.faults[0])
    assert refused.value.exit_code == 2


def test_a_file_as_satscan_writes_it(folder: Path) -> None:
    """R55: all keys of version 10.3 are known."""
    run = scan(folder, f"3 {' '.join(WRITTEN.split())}")
    assert run.not_produced == ("ResultsFile", "SaveSimLLRsASCII", "OutputGoogleMaps")
    assert run.design.bins == 20


def test_every_key_has_a_default_that_is_no_fault(folder: Path) -> None:
    """R55: a file that states every default, or leaves every key blank, says what a file without them says."""
    keys = [key for key in KEYS.values() if key.name not in SOUND]
    stated = scan(folder, "3 " + " ".join(f"{key.name}={key.default}" for key in keys))
    blank = scan(folder, "3 " + " ".join(f"{key.name}=" for key in keys))
    assert stated == blank == scan(folder, "3")
    assert stated.not_produced == ()


@pytest.mark.parametrize("key", [key for key in KEYS.values() if key.becomes == "refused" and not key.under], ids=str)
def test_every_key_that_is_not_held_is_refused(folder: Path, key: object) -> None:
    """R55"""
    name, default = key.name, key.default  # type: ignore[attr-defined]
    with pytest.raises(UsageFault, match=name):
        scan(folder, f"3 {name}={ {'n': 'y', '0': '1'}.get(default, 'x') }".replace("= ", "=").rstrip())
