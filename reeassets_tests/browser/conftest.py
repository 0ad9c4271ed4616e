"""A real browser on the UI as users start it: one `reeassets ui`, one chromium, and a page per test."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

from ..conftest import REPOSITORY
from ..processes import clean_environment

YEARS = "2021-2023"
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
# A loaded machine takes its time; nothing here waits longer than it must.
PATIENCE = 480.0
_SMALL = f"""\
years = "{YEARS}"
link_draws = 99
contrast_draws = 100
cluster_n_init = 5
cluster_bootstraps = 2
"""


def _no_chromium(why):
    if os.environ.get("BROWSER_REQUIRED"):
        pytest.fail(why)
    pytest.skip(why)


# Not for the session: while it is open, playwright's event loop runs in this thread, and tests that start one fail.
@pytest.fixture(scope="module")
def browser():
    """Chromium: the one of the variable ``CHROMIUM``, else Debian's."""
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if executable is None:
        _no_chromium("no chromium: install it (apt-get install chromium) or name it in the variable CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable)
        yield chromium
        chromium.close()


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait(url, process, log):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, f"the UI ended: {log.read_text()[-3000:]}"
        with contextlib.suppress(URLError, ConnectionError), urlopen(f"{url}/server_info", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"the UI did not start: {log.read_text()[-3000:]}")


class Site:
    """The running UI: its address, and the home it works in."""

    def __init__(self, url, home):
        self.url, self.home = url, home


@pytest.fixture(scope="module")
def site(tmp_path_factory, browser):
    """Start the UI on an empty home, as `make ui` does; end it, and see that nothing of it goes on."""
    home = tmp_path_factory.mktemp("browser") / "home"
    home.mkdir()
    (home / "settings.toml").write_text(_SMALL)
    port, log = _free_port(), home.parent / "ui.log"
    with log.open("w") as stream:
        ui = [sys.executable, "-m", "reeassets", "ui", "--home", str(home), "--port", str(port)]
        process = subprocess.Popen(
            # A shell lets what it starts in the background ignore Ctrl-C; the UI must end by it all the same.
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *ui],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            cwd=home.parent,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield Site(url, home)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                shutil.copy(log, SCREENSHOTS / "ui.log")


@pytest.fixture
def page(browser, site, request):
    """A page of the UI; what it shows at the end of the test is kept, green or red."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=site.url)
    opened.set_default_timeout(60_000)
    yield opened
    keep(opened, request.node.name)
    opened.close()


def keep(page, name):
    """Keep a screenshot as output of CI."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    # Dialogs fade in.
    page.wait_for_timeout(500)
    page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def launch(page, partition):
    """Choose a partition, or All, in the dialog of the button Materialize, and launch."""
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    if partition == "All":
        dialog.get_by_role("button", name="All", exact=True).click()
    else:
        dialog.get_by_text("Select a partition").click()
        page.get_by_text(partition, exact=True).filter(visible=True).last.click()
        # The list closes when something else is clicked.
        dialog.get_by_text("Launch runs to materialize").click()
    keep(page, f"launch_{partition}")
    dialog.get_by_role("button", name="Launch").click()
    dialog.wait_for(state="hidden")


def open_markdown(page, row):
    """Open what the row of a metadata table holds, and return the dialog.

    The page draws itself anew while it loads, and a click in that moment is lost; a user clicks again.
    """
    dialog = page.get_by_role("dialog")
    link = page.get_by_role("row").filter(has_text=row).get_by_text("Show Markdown")
    link.wait_for()
    until = time.monotonic() + PATIENCE
    while not dialog.is_visible() and time.monotonic() < until:
        with contextlib.suppress(PlaywrightTimeout):
            link.click(timeout=5_000)
            dialog.wait_for(timeout=5_000)
    assert dialog.is_visible(), f"{row} does not open"
    return dialog


@pytest.fixture(scope="module")
def backfilled(browser, site):
    """Start the job `full_refresh` for three years by clicks, and return what the list of backfills says at its end."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=site.url)
    page.set_default_timeout(60_000)
    page.goto("/")
    page.locator("a[href='/jobs']").first.click()
    page.locator("a[href$='/jobs/full_refresh']").first.click()
    launch(page, "All")
    page.locator("a[href='/runs']").first.click()
    page.get_by_text("Backfills", exact=True).first.click()
    page.get_by_text("full_refresh_partition_set").first.wait_for()
    ended = page.get_by_text("Success", exact=True).or_(page.get_by_text("Failed", exact=True).nth(1))
    ended.first.wait_for(timeout=1000 * PATIENCE)
    text = page.locator("body").inner_text()
    keep(page, "backfill")
    page.close()
    return text
