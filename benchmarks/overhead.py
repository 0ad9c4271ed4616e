"""What the platform costs over calling the same functions in one script.

``pure`` is such a script: it calls the function of every recipe for every partition, in order, and writes what comes
back; no Dagster, no schema, no checks, no provenance, no plan. ``reeassets run`` does the same work on an empty home.
Both are whole processes. On the bundled sample, or on an archive:

    python benchmarks/overhead.py [--data world.zip --product-set world168]
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


def main() -> None:
    """Measure both, or be the script."""
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
        commands = {
            "pure": [*variables, sys.executable, __file__, "--pure", str(home)],
            "run": [*variables, *reeassets("run", "--home", str(home))],
        }
        found = {name: median(command, given.runs, before=empty) for name, command in commands.items()}
    for name, measured in found.items():
        print(f"{name}: {measured}")
    print(f"overhead: {found['run'].seconds - found['pure'].seconds:.1f} s")
    print(machine())


if __name__ == "__main__":
    main()
