"""The platform on the bundled sample, 2007-2023: runs, and their cost over calling the same functions in one script.

``pure`` is such a script: it calls the function of every recipe for every partition, in order, and writes what comes
back; no Dagster, no schema, no checks, no provenance, no plan. ``reeassets run`` does the same work on an empty home,
then again on the finished one. All are whole processes. Results go to ``benchmarks/SAMPLE.md``; with an archive, they
are printed only:

    python benchmarks/sample.py [--data world.zip --product-set world168]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from measure import machine, median, reeassets


def pure(home: Path) -> None:
    """Compute everything in this process."""
    import duckdb

    from reeassets.platform.dimensions import year_of
    from reeassets.platform.graph import Graph
    from reeassets.platform.recipe import Step
    from reeassets.settings import Settings
    from reeassets.storage import Provenance
    from reeassets.streams import Stream
    from reeassets.tables import Table

    graph = Graph(Settings(home=home))
    nothing = Provenance("", "", "", "", "", "")
    for name, made_by in graph.recipes.items():
        for partition in graph.partitions(name):
            step = Step(
                graph.settings,
                year_of(partition, graph.settings),
                graph.store,
                {parent: graph.tables[parent] for parent in made_by.inputs},
                duckdb.connect,
                scenario=partition if isinstance(partition, str) else None,
                scenarios=graph.scenarios,
                years=graph.years_read(name),
            )
            output = graph.output(name)
            if not isinstance(output, Table):
                output.path(graph.settings).parent.mkdir(parents=True, exist_ok=True)
                made_by.compute(step, output.path(graph.settings))
                continue
            made = made_by.compute(step)
            if isinstance(made, Stream):
                graph.store.write_stream(output, made, lambda: nothing, partition)
            else:
                graph.store.write(output, output.conform(made), nothing, partition)


RESULTS = Path(__file__).with_name("SAMPLE.md")
TEXT = """\
# Benchmarks of the bundled sample

Written by `python benchmarks/sample.py`: the whole graph on the sample, 2007-2023. Whole processes; wall time and peak
resident memory, median of {runs}.

{machine}

| | s | peak MB |
|---|---|---|
| functions of all recipes in one script, nothing checked | {pure} |
| `reeassets run`, empty home | {run} |
| `reeassets run`, nothing out of date | {again} |
| `import reeassets.definitions` | {definitions} |

The platform (Dagster's records, schemas, checks, provenance, plan) costs {overhead:.1f} s over the script.
"""


def main() -> None:
    """Measure all, or be the script."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pure", type=Path, help="be the script, with this home")
    arguments.add_argument("--data", type=Path, help="an archive; default: the bundled sample")
    arguments.add_argument("--product-set", default="world168", help="for an archive")
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    if given.pure:
        pure(given.pure)
        return
    variables = ["env"]
    if given.data:
        variables += ["REEASSETS_SOURCE=baci", f"REEASSETS_DATA={given.data.resolve()}"]
        variables += [f"REEASSETS_PRODUCT_SET={given.product_set}", "REEASSETS_YEARS=2007-2023"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        empty = [sys.executable, "-c", f"import shutil; shutil.rmtree({str(home)!r}, ignore_errors=True)"]
        run = [*variables, *reeassets("run", "--home", str(home))]
        loading = [*variables, f"REEASSETS_HOME={home}", sys.executable, "-c", "import reeassets.definitions"]
        found = {
            "pure": median([*variables, sys.executable, __file__, "--pure", str(home)], given.runs, before=empty),
            "run": median(run, given.runs, before=empty),
            "again": median(run, given.runs),
            "definitions": median(loading, given.runs),
        }
    overhead = found["run"].seconds - found["pure"].seconds
    text = TEXT.format(**found, overhead=overhead, runs=given.runs, machine=machine())
    print(text)
    if not given.data:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
