"""A running service, options that point to it, and a source that never really waits."""

import pytest

from reeassets.trade.comtrade.client import KEY_VARIABLE, Client
from reeassets.trade.comtrade.options import ComtradeOptions
from reeassets.trade.comtrade.source import ComtradeSource
from reeassets_tests.trade.comtrade.service import KEY, Service


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with Service() as running:
        yield running


@pytest.fixture
def options(service, tmp_path):
    """Build options with whatever differs from the usual."""

    def build(**different):
        usual = {
            "cache": tmp_path / "cache",
            "products": ("280530", "850511"),
            "nomenclature": "HS17",
            "years": (2019, 2020),
            "base_url": service.url,
        }
        return ComtradeOptions(**(usual | different))

    return build


@pytest.fixture
def sleeps():
    """Seconds that were waited between attempts."""
    return []


@pytest.fixture
def source(options, sleeps):
    """Open a source anew, as another process would."""

    def build(**different):
        chosen = options(**different)
        return ComtradeSource(chosen, Client(chosen, sleeps.append))

    return build
