import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from reeassets.settings import Settings
from reeassets.years import format_years, parse_years


@given(st.sets(st.integers(1988, 2100), min_size=1))
def test_years_written_are_years_read(years):
    assert parse_years(format_years(years)) == tuple(sorted(years))


@pytest.mark.parametrize("text", ["", "20", "2007-", "2023-2007", "2007;2008", "abcd"])
def test_what_is_no_year_is_an_error(text):
    with pytest.raises(ValueError, match="year"):
        parse_years(text)


def test_relative_paths_do_not_move_with_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(home="home", tables="mine", data="data.zip")
    monkeypatch.chdir("/")
    assert (settings.tables_root, str(settings.data)) == (str(tmp_path / "mine"), str(tmp_path / "data.zip"))


@pytest.mark.parametrize("url", ["s3://bucket/tables", "memory://tables"])
def test_a_url_of_tables_stays_as_it_is(tmp_path, url):
    assert Settings(home=tmp_path, tables=url).tables_root == url


def test_precedence_argument_environment_file_default(tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text('pass_through = 0.5\nyears = "2010-2012"\nhazard = "political_stability"\n')
    monkeypatch.setenv("REEASSETS_PASS_THROUGH", "0.6")
    settings = Settings(home=tmp_path, hazard="uniform")
    assert (settings.hazard, settings.pass_through, settings.years, settings.link_draws) == (
        "uniform",
        0.6,
        (2010, 2011, 2012),
        999,
    )


def test_a_home_remembers_what_was_given(tmp_path, monkeypatch):
    monkeypatch.setenv("REEASSETS_LINK_DRAWS", "99")
    given_once = Settings(home=tmp_path, years="2015-2017", pass_through=0.9, model_deltas=(1, 3))
    given_once.remember()
    assert Settings(home=tmp_path) == given_once
    assert "link_draws" not in given_once.settings_file.read_text()
    Settings(home=tmp_path, robust_claims="all").remember()
    assert 'robust_claims = "all"' in given_once.settings_file.read_text()
    assert list(tmp_path.glob("*.tmp")) == []


def test_every_other_byte_of_the_file_stays(tmp_path):
    own = (
        '# mine\r\nyears = "2007-2023"  # as in the paper, though it is the default\r\n\r\npass_through=0.5 # low\r\n'
        "failure_webhook = 'https://example.org/#x'\r\n"
    )
    (tmp_path / "settings.toml").write_bytes(own.encode())
    Settings(home=tmp_path).remember()
    assert (tmp_path / "settings.toml").read_bytes().decode() == own
    Settings(home=tmp_path, pass_through=0.8, source="baci").remember()
    now = (tmp_path / "settings.toml").read_bytes().decode()
    assert now.startswith(own.replace("pass_through=0.5", "pass_through=0.8"))
    assert now.removeprefix(own.replace("0.5", "0.8")).strip() == 'source = "baci"'
    # What is given is kept though it is the default.
    Settings(home=tmp_path, years="2007-2023", hazard="political_stability").remember()
    assert 'hazard = "political_stability"' in (tmp_path / "settings.toml").read_text()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
@example('/data/häus 𠀀 😀\x7f"\\\n.zip')
def test_a_home_remembers_any_text(text):
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "settings.toml").write_text('failure_webhook = "https://example.org/😀"\n', encoding="utf-8")
        Settings(home=home, source=text).remember()
        again = Settings(home=home)
    assert (again.source, again.failure_webhook.get_secret_value()) == (text, "https://example.org/😀")


@pytest.mark.parametrize(
    "wrong", [{"pass_through": 1.0}, {"pass_through": -0.1}, {"years": "none"}, {"model_deltas": "0"}, {"typo": 1}]
)
def test_wrong_values_are_refused(tmp_path, wrong):
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **wrong)


def test_a_fingerprint_sees_its_fields_and_no_others(tmp_path):
    one, other = (
        Settings(home=tmp_path, pass_through=0.8),
        Settings(home=tmp_path / "elsewhere", pass_through=0.8, link_draws=99),
    )
    assert one.fingerprint("pass_through") == other.fingerprint("pass_through")
    assert one.fingerprint("pass_through", "link_draws") != other.fingerprint("pass_through", "link_draws")


@pytest.mark.parametrize("old", ["alpha", "shock_pass_through"])
def test_a_field_of_an_earlier_version_says_what_took_its_place(tmp_path, old):
    (tmp_path / "settings.toml").write_text(f"{old} = 0.5\n")
    with pytest.raises(ValidationError, match=f"the setting {old} is gone: write pass_through in its place"):
        Settings(home=tmp_path)
