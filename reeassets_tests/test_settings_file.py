"""What can be wrong in settings.toml, in variables and in names of folders: each an error that says where and why."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from reeassets import cli
from reeassets.home import HomeError, home_path, require_folder
from reeassets.platform.instance import dagster_folder
from reeassets.settings import Settings
from reeassets.settings_file import SettingsFileError


@pytest.fixture
def called(monkeypatch, capsys):
    """Call the command line in this process; return exit status, standard output and standard error."""

    def call(*arguments, **environment):
        for name in ("REEASSETS_HOME", "DAGSTER_HOME"):
            monkeypatch.setenv(name, "")  # so that what the call sets is undone
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["reeassets", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return call


BROKEN = {
    "byte-order mark": (b'\xef\xbb\xbfsource = "sample"\n', "line 1: begins with a byte-order mark; save .* UTF-8"),
    "UTF-16": ('source = "sample"\n'.encode("utf-16"), "line 1: begins with a byte-order mark"),
    "Latin-1": ('workers = 2\nowner = "team:ü"\n'.encode("latin-1"), "line 2: is not UTF-8; save"),
    "Windows path": (b'workers = 2\ndata = "C:\\Users\\me"\n', r"line 2: data: .* data = 'C:\\data\\baci\.zip'"),
    "Windows path of escapes": (b'data = "C:\\temp\\new.zip"\n', "line 1: data holds .*single quotes"),
    "key twice": (b'hazard = "uniform"\n\nhazard = "file"\n', "line 3: hazard is written twice, first on line 1"),
    "text without quotes": (b"source = sample\n", 'line 1: source: not TOML: .*write source = VALUE, .*source = "..."'),
    "colon": (b"source: 'sample'\n", "line 1: not TOML: .*write NAME = VALUE"),
    "open text": (b'workers = 2\nsource = "sample\n', "line 2: source: not TOML"),
    "comma in a number": (b"check_lost_trade = 0,5\n", "line 1: check_lost_trade: not TOML"),
    "section": (b'workers = 2\n[reeassets]\nsource = "sample"\n', r"line 2: \[reeassets\] begins a section"),
    "dotted key": (b"data.folder = 3\n", r"line 1: \[data\] begins a section"),
    "list of sections": (b"[[data]]\na = 3\n", r"line 1: \[data\] begins a section"),
    "unknown setting": (b"# mine\nhazrd = 'uniform'\n", "line 2: there is no setting 'hazrd'; write hazard"),
    "another home": (b'home = "/tmp"\n', "line 1: a home cannot name another"),
    "zero byte": (b"source = 'a\x00b'\n", "line 1: source: not TOML"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_of_settings_says_where_and_what_to_write(tmp_path, content, message):
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(SettingsFileError, match=rf"settings\.toml, {message}") as raised:
        Settings(home=tmp_path)
    assert "\n" not in str(raised.value)
    assert (tmp_path / "settings.toml").read_bytes() == content


def test_a_secret_on_a_broken_line_is_not_shown(tmp_path):
    (tmp_path / "settings.toml").write_text('failure_webhook = "https://h/hush\\x"\n')
    with pytest.raises(SettingsFileError, match="line 1: failure_webhook") as raised:
        Settings(home=tmp_path)
    assert "hush" not in str(raised.value)


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(SettingsFileError, match="cannot be read: Is a directory"):
        Settings(home=tmp_path)


def test_a_wrong_value_says_where_it_comes_from(tmp_path, called):
    (tmp_path / "settings.toml").write_text("workers = 2\nlink_draws = 3\n")
    status, _, message = called("tables", "--home", tmp_path)
    assert status == 2
    assert "settings.toml, line 2: link_draws: Input should be greater than or equal to 19" in message
    status, _, message = called("tables", "--home", tmp_path, REEASSETS_LINK_DRAWS="x")
    assert status == 2
    assert "REEASSETS_LINK_DRAWS: Input should be a valid integer" in message
    assert "the command line, years: '20x' is not a year" in called("run", "--home", tmp_path, "--years", "20x")[2]


LISTS = {
    "years": [5, [2021, "x"], [[2021]], True, 2021.5],
    "model_deltas": [["a"], [1.5], "1,x", [[1]], True],
    "classifiers": [[["recorded"]], [], [""]],
    "language_models": [[["a"]], ["a", ""], True],
    "language_model_input_price": ["a", [[1.0]], True],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in LISTS.items() for value in values])
def test_what_is_no_list_is_refused(tmp_path, name, value):
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **{name: value})


def test_lists_are_read_in_every_form(tmp_path):
    settings = Settings(home=tmp_path, years=[2023, 2021, 2021], model_deltas=3, classifiers="a, b")
    assert (settings.years, settings.model_deltas, settings.classifiers) == ((2021, 2023), (3,), ("a", "b"))


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_variable_is_one_that_is_not_set(tmp_path, monkeypatch, empty):
    for name in Settings.model_fields:
        monkeypatch.setenv(f"REEASSETS_{name.upper()}", empty)
    monkeypatch.setenv("DAGSTER_HOME", empty)
    monkeypatch.chdir(tmp_path)
    assert home_path() == tmp_path / "var"
    assert Settings().model_dump() == Settings.model_construct(home=tmp_path / "var").model_dump()
    assert dagster_folder(tmp_path) == tmp_path / "dagster"


@pytest.mark.parametrize(
    ("variable", "right"),
    [("HAZRD", "HAZARD"), ("hazrd", "HAZARD"), ("ALPHA", "PASS_THROUGH"), ("LANGUAGE_MODEL", "LANGUAGE_MODELS")],
)
def test_a_variable_that_sets_nothing_is_not_passed_over(tmp_path, monkeypatch, variable, right):
    monkeypatch.setenv(f"REEASSETS_{variable}", "x")
    with pytest.raises(ValueError, match=rf"REEASSETS_{variable.upper()}: .*; write REEASSETS_{right}$"):
        Settings(home=tmp_path)
    monkeypatch.setenv(f"REEASSETS_{variable}", "")
    assert Settings(home=tmp_path).hazard == "political_stability"


def test_variables_of_others_are_let_be(tmp_path, monkeypatch):
    for name in ("DEBUG", "LANGUAGE_MODEL_KEY", "MY_PLUGIN_FOLDER"):
        monkeypatch.setenv(f"REEASSETS_{name}", "x")
    assert Settings(home=tmp_path).home == tmp_path


@pytest.mark.parametrize("name", ["data", "inbox", "tables", "hazard_file", "shock_file", "economies", "totals"])
def test_an_empty_path_is_not_the_working_directory(tmp_path, name):
    (tmp_path / "settings.toml").write_text(f'{name} = ""\n')
    with pytest.raises(ValidationError, match="is empty; leave it out"):
        Settings(home=tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--home", ""),
        ("run", "--data", " "),
        ("show", "findings", "--country", ""),
        ("show", "findings", "--product", ""),
        ("shock", "--supplier", ""),
        ("graphml", "2023", ""),
    ],
)
def test_an_empty_option_is_refused(tmp_path, monkeypatch, called, arguments):
    monkeypatch.chdir(tmp_path)
    status, _, message = called(*arguments)
    assert status == 2
    assert "it is empty" in message
    assert list(tmp_path.iterdir()) == []


ODD = ["a?b", "a%41b", "a\\b", "a\nb", "a\x7f", "a\udcffb"]


@pytest.mark.parametrize("name", ODD)
def test_a_folder_whose_name_is_read_otherwise_is_refused(tmp_path, monkeypatch, name):
    with pytest.raises(ValidationError, match="the home cannot be"):
        Settings(home=tmp_path / name)
    with pytest.raises(ValidationError, match="the folder of tables cannot be"):
        Settings(home=tmp_path, tables=str(tmp_path / name))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / name))
    with pytest.raises(HomeError, match="DAGSTER_HOME cannot be"):
        dagster_folder(tmp_path)


@pytest.mark.parametrize("name", ["a b", "a%", "50% off", "ü😀", "a#b;c", "a'b\"c", "a*[1]{b}", "$HOME", "a::b", "~"])
def test_other_names_are_taken(tmp_path, name):
    assert Settings(home=tmp_path / name).home == tmp_path / name


def test_what_is_no_folder_is_no_home(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path, cause in (("file", "is a file"), ("file/below", "is a file"), ("link", "a link to what is not there")):
        with pytest.raises(HomeError, match=cause):
            require_folder(tmp_path / path, "the home")
    assert (tmp_path / "file").read_text() == "mine"
    assert require_folder(tmp_path / "new" / "one", "the home") == tmp_path / "new" / "one"


@pytest.mark.parametrize("command", ["run", "doctor", "tables"])
def test_a_home_that_cannot_be_one_is_one_line(tmp_path, called, command):
    status, _, message = called(command, "--home", tmp_path / "a?b")
    assert status == 2
    assert message.startswith("error: UsageError: the command line, home: the home cannot be")
    assert len(message.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["records", "./records", "~/records"])
def test_a_relative_folder_of_records_is_one_line(tmp_path, called, given):
    status, _, message = called("run", "--home", tmp_path, DAGSTER_HOME=given)
    assert status == 2
    assert f"DAGSTER_HOME is '{given}': Dagster takes no relative folder; write '/" in message
    assert len(message.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_doctor_sees_a_relative_folder_of_records(tmp_path, called):
    status, told, _ = called("doctor", "--home", tmp_path, DAGSTER_HOME="records")
    assert status == 1
    assert "Dagster takes no relative folder" in told


def test_broken_records_settings_name_the_file(tmp_path, called):
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: [\n")
    status, _, message = called("run", "--home", tmp_path, "--until", "trade", "--years", "2023")
    assert status == 2
    assert "dagster.yaml, line 3: not YAML" in message
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemtry: {}\n")
    status, _, message = called("run", "--home", tmp_path, "--until", "trade", "--years", "2023")
    assert status == 2
    assert "telemtry" in message
    assert len(message.strip().splitlines()) == 1


def test_the_path_of_a_home_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REEASSETS_HOME", "mine")
    assert home_path() == Path(tmp_path) / "mine"
