"""What a data engineer does first in the UI, done in a real browser by clicks."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from .conftest import PATIENCE, keep, launch, open_markdown

pytestmark = pytest.mark.browser

GROUPS = {"trade", "products", "networks", "indicators", "clusters", "models", "shocks", "report"}


def test_the_graph_with_all_groups_is_one_click_from_the_first_page(page):
    page.goto("/")
    page.get_by_text("Overview").first.wait_for()
    link = page.locator("a[href='/asset-groups']").first
    link.wait_for()
    keep(page, "first_page")
    assert page.get_by_role("dialog").count() == 0
    link.click()
    # The tree on the left names the groups, the graph on the right draws them.
    for group in GROUPS:
        page.get_by_text(group, exact=True).first.wait_for()
    page.wait_for_function(
        "names => names.every(name => [...document.querySelectorAll('svg foreignObject')]"
        ".some(node => node.textContent.includes(name)))",
        arg=sorted(GROUPS),
    )
    assert page.get_by_role("dialog").count() == 0


def test_a_backfill_of_three_years_started_by_clicks_ends_green(page, site, backfilled):
    assert "3 partitions" in backfilled
    assert "Success" in backfilled
    page.goto("/assets/indicators/product_indicators?view=partitions")
    page.get_by_text("3 partitions").or_(page.get_by_text("Materialized")).first.wait_for()
    made = site.home / "tables" / "indicators" / "product_indicators"
    assert sorted(path.name for path in made.iterdir()) == ["2021.parquet", "2022.parquet", "2023.parquet"]


@pytest.fixture
def bad_year(site, backfilled):
    """Turn China's exports of magnets in 2022 negative behind the platform's back, and put them right afterwards."""
    path = site.home / "tables" / "trade" / "raw_trade" / "2022.parquet"
    good = path.read_bytes()
    table = pq.read_table(path)
    wrong = pc.and_(pc.equal(table["exporter_code"], 156), pc.equal(table["product"], "850511"))
    value = pc.if_else(wrong, pc.negate(table["value_kusd"]), table["value_kusd"])
    changed = table.set_column(table.column_names.index("value_kusd"), "value_kusd", value)
    # With its provenance, which stands in the file's metadata and not in the schema's.
    pq.write_table(changed.replace_schema_metadata(pq.read_metadata(path).metadata), path)
    yield
    path.write_bytes(good)


def test_a_failing_check_shows_its_rows(page, site, bad_year):
    before = (site.home / "tables" / "trade" / "product_totals" / "2022.parquet").read_bytes()
    page.goto("/assets/trade/product_totals?view=checks")
    page.get_by_text("schema", exact=True).first.click()
    launch(page, "2022")
    page.get_by_text("value_kusd: rule greater_than(0) broken 1 time(s)").wait_for(timeout=1000 * PATIENCE)
    keep(page, "failing_check")
    shown = open_markdown(page, "rows: value_kusd")
    shown.get_by_role("cell", name="850511").wait_for()
    assert "-" in shown.get_by_role("row").filter(has_text="850511").get_by_role("cell").nth(2).inner_text()
    # A broken rule writes nothing.
    assert (site.home / "tables" / "trade" / "product_totals" / "2022.parquet").read_bytes() == before


def test_column_lineage_opens_and_leads_to_the_source(page, site):
    page.goto("/assets/indicators/product_indicators")
    shown = open_markdown(page, "column_lineage")
    exposure = shown.get_by_role("row").filter(has=page.get_by_role("cell", name="exposure", exact=True))
    exposure.wait_for()
    assert "trade_flows.value_kusd" in exposure.inner_text()
    keep(page, "column_lineage")
    exposure.get_by_role("link", name="trade_flows").first.click()
    page.wait_for_url("**/assets/products/trade_flows*")
