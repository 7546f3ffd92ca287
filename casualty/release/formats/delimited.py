"""The tables as CSV, one file each: UTF-8, a header, text as it is held."""

from casualty.release.formats.output import Output, Wishes
from casualty.release.formats.tables import held
from casualty.release.package import Package


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write every table of the package as a file of its own."""
    for table in held(package):
        output.table(f"{table.stem}.csv", table.columns, table.rows())
    told = (
        "A text that a spreadsheet would compute has an apostrophe before it."
        if output.guards
        else "Text stands as it is held."
    )
    output.notes.append(
        f"{told}\nImport the files as text: a double click may turn codes and P-codes into dates and numbers."
    )
