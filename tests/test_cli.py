"""The command line: what can be typed, how it ends, and that nothing on the screen identifies a patient."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unicodedata import category
from unicodedata import east_asian_width as wide

import factories
import pytest
from factories import ct_instance, write
from hypothesis import given
from hypothesis import strategies as st

import dicomlab
from dicomlab import cli, files, notebooks, runs
from dicomlab.cli import commands, work
from dicomlab.cli.tables import table
from dicomlab.errors import InstanceError, NotebookError
from dicomlab.records import Reason

COMMANDS = {
    "scan": ["SOURCE"],
    "inspect": ["SOURCE"],
    "find": ["SOURCE", "--recipe", "--carrier", "--json"],
    "run": ["SOURCE", "RELEASE", "--recipe", "--key", "--private", "--dry-run", "--verify", "--workers", "--cluster",
            "--overwrite", "--mirror-tree"],
    "verify": ["SOURCE", "RELEASE", "--recipe", "--key", "--private"],
    "redact": ["SOURCE", "OUT", "--blank", "--keep", "--workers"],
    "deface": ["SOURCE", "OUT", "--subjects"],
    "notebook": ["NAME", "OUT.ipynb", "-p", "-f", "--each-subject", "--html", "--workers", "--limit", "--stock"],
    "lab": ["folder", "--app", "--source", "--port", "--no-browser"],
    "demo": ["SOURCE"],
    "recipe": ["list", "explain", "diff"],
    "key": ["new"],
    "forge": ["OUT", "--seed", "--corpus", "--text", "--heads", "--patients"],
    "score": ["SOURCE", "RELEASE", "KEY", "--profile", "--quarantine", "--iod"],
}  # fmt: skip
# Rare words, so that finding one in an output is no accident.
PLANTED = ("zaphiro", "quellenbach", "px88231", "19470523", "acc5577319", "wernigerode", "turmalin")


def planted_instance(number: int) -> object:
    return factories.ct_instance(
        number,
        PatientName="Quellenbach^Zaphiro",
        PatientID="PX88231",
        PatientBirthDate="19470523",
        AccessionNumber="ACC5577319",
        InstitutionName="Klinik Wernigerode",
        ReferringPhysicianName="Turmalin^Rudolf",
        StudyDescription="CT thorax for Zaphiro Quellenbach",
        ImageComments="seen by Dr. Turmalin, 23.05.1947",
        RequestAttributesSequence=factories.sequence(
            factories.item(ScheduledProcedureStepID="ACC5577319", RequestedProcedureID="PX88231")
        ),
    )


@pytest.fixture
def source(tmp_path) -> Path:
    """Three instances of one planted patient, one cut short, and a text; the name stands in paths too."""
    folder = tmp_path / "in" / "Quellenbach_Zaphiro"
    for number in (1, 2, 3):
        factories.write(planted_instance(number), folder / f"PX88231_{number}")
    (folder / "note Zaphiro Quellenbach.txt").write_text("for Dr. Turmalin", encoding="utf-8")
    whole = (folder / "PX88231_3").read_bytes()
    (folder / "PX88231_3").write_bytes(whole[: len(whole) - 40])
    return folder.parent


@pytest.fixture
def typed(capfd, monkeypatch, tmp_path):
    """Type a command in an empty folder: exit code, what stood on the screen, what stood on the error stream."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONWARNINGS", "")

    def type_(*words: object) -> tuple[int, str, str]:
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capfd.readouterr()
        return code, said.out, said.err

    return type_


def identifiers_in(text: str) -> list[str]:
    folded = text.casefold()
    return [word for word in PLANTED if word in folded]


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


# --- what can be typed -----------------------------------------------------------------------------------------------


def test_the_help_lists_every_command(typed):
    code, out, _ = typed("--help")
    assert code == 0
    assert re.findall(r"^    (\w+) ", out, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize(("command", "arguments"), COMMANDS.items(), ids=COMMANDS)
def test_the_help_of_a_command_is_short_and_names_its_arguments(typed, command, arguments):
    code, out, err = typed(command, "--help")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) <= 45
    assert [argument for argument in arguments if argument not in out] == []


@pytest.mark.parametrize("words", [("recipe", "explain"), ("recipe", "diff"), ("key", "new")], ids=" ".join)
def test_the_verbs_of_a_command_have_help_too(typed, words):
    code, out, _ = typed(*words, "--help")
    assert code == 0
    assert out.startswith(f"usage: dicomlab {' '.join(words)}")


def test_the_version_can_be_asked_for(typed):
    assert typed("--version") == (0, f"dicomlab {dicomlab.__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("anonymise",),
        ("scan",),
        ("run", "in", "out"),
        ("verify", "in", "out"),
        ("run", "in", "out", "--recipe", "basic", "--workers", "0"),
        ("run", "in", "out", "--recipe", "basic", "--workers", "many"),
        ("run", "in", "out", "--recipe", "basic", "--verify", "never"),
        ("run", "in", "out", "--recipe", "basic", "--workers", "2", "--cluster", "tcp://host:1"),
        ("find", "in", "--carrier", "smell"),
        ("notebook", "00_start_here"),
        ("recipe",),
        ("key",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_one_line(typed, words):
    code, out, err = typed(*words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "--help" in err


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "in", "Zaphiro", "Quellenbach"),
        ("Zaphiro",),
        ("run", "in", "out", "--recipe", "basic", "--workers", "Zaphiro"),
        ("run", "in", "out", "--recipe", "basic", "--verify", "Zaphiro"),
        ("run", "in", "out", "--recipe", "basic", "--overwrite=Zaphiro"),
        ("scan", "in", "--Zaphiro"),
    ],
    ids=" ".join,
)
def test_a_complaint_about_usage_does_not_repeat_what_was_typed(typed, words):
    code, out, err = typed(*words)
    assert code == 2
    assert identifiers_in(out + err) == []


# --- how it ends -----------------------------------------------------------------------------------------------------


def raising(error: BaseException):
    def command(_: object) -> int:
        raise error

    return command


def test_an_interrupted_run_says_how_to_go_on(typed, monkeypatch):
    monkeypatch.setattr(commands, "scan", raising(KeyboardInterrupt()))
    code, out, err = typed("scan", "in")
    assert (code, out) == (130, "")
    assert "run the same command again" in err


def test_an_unforeseen_error_says_what_and_where_but_no_value(typed, monkeypatch, source):
    monkeypatch.setattr(files, "scan", raising_anything(ValueError("Quellenbach^Zaphiro")))
    code, out, err = typed("scan", source)
    assert (code, out) == (1, "")
    assert re.search(r"unexpected error: ValueError at cli/commands\.py:\d+", err)
    assert identifiers_in(err) == []
    assert "Traceback" not in err


def raising_anything(error: BaseException):
    def call(*_: object, **__: object) -> None:
        raise error

    return call


def test_debug_shows_the_traceback_and_warns_first(typed, monkeypatch, source):
    monkeypatch.setattr(files, "scan", raising_anything(ValueError("Quellenbach^Zaphiro")))
    code, _, err = typed("scan", source, "--debug")
    assert code == 1
    assert err.startswith("--debug: what follows may quote values")
    assert "Traceback" in err


def test_an_unforeseen_error_of_the_system_says_what_the_system_said(typed, monkeypatch, source):
    full = OSError(errno.ENOSPC, "No space left on device", "/data/Quellenbach^Zaphiro")
    monkeypatch.setattr(files, "scan", raising_anything(full))
    code, _, err = typed("scan", source)
    assert code == 1
    assert "No space left on device" in err
    assert identifiers_in(err) == []


def test_a_refused_instance_ends_with_1(typed, monkeypatch):
    monkeypatch.setattr(commands, "scan", raising(InstanceError(Reason.BROKEN)))
    assert typed("scan", "in")[0] == 1


def test_a_reader_that_has_had_enough_is_no_error(source):
    program = f"{sys.executable} -c 'from dicomlab.cli import main; raise SystemExit(main())'"
    line = f"{program} recipe explain basic | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("0", "")


# --- nothing on the screen identifies --------------------------------------------------------------------------------


def test_scan_shows_series_and_what_is_no_instance(typed, source):
    code, out, err = typed("scan", source)
    assert code == 0
    assert "patient 1" in out
    assert "CT Image Storage" in out
    assert "1 patient, 1 study, 1 series" in out
    assert "not-dicom" in out
    assert identifiers_in(out + err) == []


def test_inspect_shows_attributes_with_risk_and_no_value(typed, source):
    code, out, err = typed("inspect", source)
    assert code == 0
    assert re.search(r"PatientName +\(0010,0010\) +PN", out)
    assert "RequestAttributesSequence[].ScheduledProcedureStepID" in out
    assert identifiers_in(out + err) == []


def test_inspect_can_be_narrowed(typed, source):
    _, every, _ = typed("inspect", source, "--all")
    _, risky, _ = typed("inspect", source)
    _, some, _ = typed("inspect", source, "--match", "patientname")
    assert "PixelSpacing" in every
    assert "PixelSpacing" not in risky
    assert "PatientName" in some
    assert "PatientID" not in some


def test_inspect_refuses_a_series_that_is_not_there(typed, source):
    code, _, err = typed("inspect", source, "--series", "9")
    assert code == 2
    assert "`dicomlab scan` lists them" in err


def test_find_shows_places_and_no_value(typed, source):
    code, out, err = typed("find", source, "--recipe", "basic")
    assert code == 0
    assert re.search(r"header +PatientName", out)
    assert identifiers_in(out + err) == []


def test_find_can_be_held_to_one_carrier(typed, source):
    code, out, _ = typed("find", source, "--carrier", "face")
    assert code == 0
    assert "PatientName" not in out


def test_run_and_verify_leak_nothing_and_end_with_1_when_a_file_is_quarantined(typed, source):
    code, out, err = typed("run", source, "released", "--recipe", "basic")
    assert code == 1
    assert re.search(r"written +2\b", out)
    assert re.search(r"quarantined +truncated-pixel-data +1\b", out)
    assert re.search(r"ignored +not-dicom +1\b", out)
    assert identifiers_in(out + err) == []
    code, out, err = typed("verify", source, "released", "--recipe", "basic")
    assert code == 0, out + err
    assert "PASS" in out
    assert identifiers_in(out + err) == []


def test_a_clean_run_ends_with_0(typed, source):
    (source / "Quellenbach_Zaphiro" / "PX88231_3").unlink()
    assert typed("run", source, "released", "--recipe", "basic")[0] == 0
    assert Path("released/report.html").is_file()
    assert Path("released-private/key").stat().st_mode & 0o077 == 0


def test_two_workers_are_as_silent_as_one(typed, source):
    factories.write(planted_instance(4), source / "more" / "4")
    _, out, err = typed("run", source, "released", "--recipe", "basic", "--workers", "2")
    assert identifiers_in(out + err) == []
    assert "Warning" not in err


def test_verify_ends_with_1_when_the_release_was_changed(typed, source):
    typed("run", source, "released", "--recipe", "basic")
    original = next((source / "Quellenbach_Zaphiro").glob("PX88231_1"))
    shutil.copyfile(original, next(Path("released").rglob("*.dcm")))
    code, out, err = typed("verify", source, "released", "--recipe", "basic")
    assert code == 1
    assert "FAIL" in out
    assert identifiers_in(out + err) == []


def test_a_dry_run_tells_and_writes_nothing(typed, source):
    before = snapshot(source)
    code, out, err = typed("run", source, "released", "--recipe", "basic", "--dry-run")
    assert code == 1  # one file would be quarantined
    assert "nothing was written" in out
    assert list(Path().iterdir()) == []
    assert snapshot(source) == before
    assert identifiers_in(out + err) == []


# --- bad input: one clear line, nothing written ----------------------------------------------------------------------


def recipe_with_an_unknown_key(_: Path) -> list[object]:
    Path("../recipe.yaml").write_text("dicomlab: 1\ntitle: t\nedition: 2025c\nprofile: basic\ncolour: red\n", "utf-8")
    return ["--recipe", "../recipe.yaml"]


def key_that_others_can_read(_: Path) -> list[object]:
    Path("../key").write_text("00" * 32, "utf-8")
    Path("../key").chmod(0o644)
    return ["--recipe", "basic", "--key", "../key"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (lambda _: ["--recipe", "strictest"], "strictest"),
        (recipe_with_an_unknown_key, "line 5"),
        (key_that_others_can_read, "chmod"),
        (lambda _: ["--recipe", "basic", "--key", "../no-key"], "key"),
    ],
    ids=["unknown recipe", "unknown key of a recipe", "key readable by others", "no such key"],
)
def test_a_wrong_recipe_or_key_is_one_clear_line_and_nothing_is_written(typed, source, arguments, says):
    code, out, err = typed("run", source, "released", *arguments(source))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert says in err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", ["scan", "inspect", "find", "run", "verify", "demo"])
@pytest.mark.parametrize("kind", ["no such folder", "empty folder"])
def test_a_source_that_holds_nothing_is_one_clear_line_and_nothing_is_written(typed, tmp_path, command, kind):
    source = tmp_path / "Quellenbach"
    if kind == "empty folder":
        source.mkdir()
    rest = ["released", "--recipe", "basic"] if command in {"run", "verify"} else []
    code, out, err = typed(command, source, *rest)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("place", ["inside the source", "around the source", "the source itself"])
def test_a_release_that_would_mix_with_the_source_is_refused(typed, source, place):
    release = {
        "inside the source": source / "released",
        "around the source": source.parent,
        "the source itself": source,
    }
    before = snapshot(source.parent)
    code, out, err = typed("run", source, release[place], "--recipe", "basic")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert snapshot(source.parent) == before


def test_a_file_that_cannot_be_opened_does_not_stop_a_run(typed, source):
    if os.geteuid() == 0:
        closed = source / "closed"
        closed.symlink_to(source / "nowhere")  # root may read everything: a link that leads nowhere stands in
    else:
        closed = factories.write(planted_instance(9), source / "closed")
        closed.chmod(0)
    code, out, _ = typed("run", source, "released", "--recipe", "basic")
    assert code == 1
    assert re.search(r"written +2\b", out)
    assert "unreadable" in out


# --- recipes, keys, forge --------------------------------------------------------------------------------------------


def test_the_packaged_recipes_are_listed(typed):
    code, out, _ = typed("recipe", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == sorted(["basic", "high", "low", "research"])


def test_a_recipe_is_explained(typed):
    code, out, _ = typed("recipe", "explain", "basic")
    assert code == 0
    assert "PatientName" in out


def test_two_recipes_are_compared(typed):
    code, out, _ = typed("recipe", "diff", "low", "high")
    assert code == 0
    assert re.search(r"^StudyDate\b", out, re.MULTILINE)  # low shifts it, high empties it
    assert typed("recipe", "diff", "basic", "basic")[1].endswith("0 differences\n")


def test_two_recipes_are_compared_on_a_folder_of_ones_own(typed, tmp_path):
    write(ct_instance(PatientName="Quellenbach^Zaphiro"), tmp_path / "in" / "one.dcm")
    code, out, _ = typed("recipe", "diff", "low", "high", str(tmp_path / "in"))
    assert code == 0
    assert "StudyDate" in out
    assert "shift (1)" in out
    assert "PatientName" not in out  # both empty it


def test_a_new_key_is_for_its_owner_alone_and_never_replaced(typed):
    assert typed("key", "new", "key")[0] == 0
    assert Path("key").stat().st_mode & 0o777 == 0o600
    before = Path("key").read_bytes()
    code, _, err = typed("key", "new", "key")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert Path("key").read_bytes() == before


def test_the_forge_makes_patients(typed):
    assert typed("forge", "made", "--seed", "7")[0] == 0
    assert Path("made/ANSWERS.json").is_file()


# --- notebooks -------------------------------------------------------------------------------------------------------


def test_lab_copies_the_notebooks_once_and_never_over_yours(typed, monkeypatch):
    started = []
    monkeypatch.setattr(work.subprocess, "Popen", lambda command, **_: started.append(command) or Server())
    assert typed("lab", "mine", "--no-browser")[0] == 0
    first = Path("mine/00_start_here.ipynb")
    first.write_text("my notes", encoding="utf-8")
    Path("mine/05_deidentify.ipynb").unlink()
    code, out, _ = typed("lab", "mine", "--no-browser")
    assert code == 0
    assert first.read_text("utf-8") == "my notes"
    assert Path("mine/05_deidentify.ipynb").is_file()
    others = len(list(files.packaged("notebooks").rglob("*.ipynb"))) - 1
    assert f"1 notebooks are new, {others} kept as you left them" in out
    assert f"--ServerApp.root_dir={Path('mine').resolve()}" in started[0]
    assert "--LabApp.news_url=None" in started[0]


def test_lab_takes_the_folder_to_look_at_so_that_no_notebook_holds_its_path(typed, monkeypatch, source):
    told = []
    monkeypatch.setattr(work.subprocess, "Popen", lambda _, env: told.append(env) or Server())
    assert typed("lab", "mine", "--source", source)[0] == 0
    assert told[0]["DICOMLAB_SOURCE"] == str(source)
    assert not Path(told[0]["JUPYTER_CONFIG_DIR"]).exists()
    assert str(source) not in "".join(p.read_text("utf-8") for p in Path("mine").rglob("*") if p.is_file())
    code, _, err = typed("lab", "mine", "--source", "nowhere")
    assert code == 2
    assert "does not exist" in err


def test_the_app_is_served_on_loopback_with_a_token(typed, monkeypatch):
    started = []
    monkeypatch.setattr(work, "find_spec", lambda _: True)
    monkeypatch.setattr(work.subprocess, "Popen", lambda command, **_: started.append(command) or Server())
    assert typed("lab", "mine", "--app", "--port", "8123", "--no-browser")[0] == 0
    assert {"voila", "--token", "--Voila.ip=127.0.0.1", "--port=8123", "--no-browser"} <= set(started[0])


def test_without_voila_the_app_says_what_to_install(typed, monkeypatch):
    monkeypatch.setattr(work, "find_spec", lambda _: None)
    code, _, err = typed("lab", "mine", "--app")
    assert code == 2
    assert "pip install 'dicomlab[app]'" in err
    assert list(Path().iterdir()) == []


class Server:
    """A server that is interrupted once, goes on, and ends well."""

    def __init__(self) -> None:
        self.waited = 0

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self) -> int:
        self.waited += 1
        if self.waited == 1:
            raise KeyboardInterrupt
        return 0


def test_lab_says_when_notebooks_are_of_another_version(tmp_path):
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    (packaged / "a.ipynb").write_text("{}", encoding="utf-8")
    assert work.copy_notebooks(packaged, tmp_path / "mine") == (1, {})
    record = tmp_path / "mine" / work.VERSION_FILE
    record.write_text("a.ipynb\t0.0.1\n", encoding="utf-8")
    assert work.copy_notebooks(packaged, tmp_path / "mine") == (0, {"a.ipynb": "0.0.1"})


def test_a_parameter_given_twice_is_refused(typed):
    code, _, err = typed("notebook", "00_start_here", "out.ipynb", "-p", "source", "a", "-p", "source", "b")
    assert code == 2
    assert "given twice" in err
    assert not Path("out.ipynb").exists()


def test_parameters_may_stand_in_a_file_and_those_typed_win(typed, monkeypatch):
    executed = {}
    monkeypatch.setattr(notebooks, "execute", lambda _, out, given, **__: executed.update(given) or out)
    Path("my.yaml").write_text("recipe: low\nworkers: 2\n", "utf-8")
    code, out, _ = typed("notebook", "05_deidentify", "out.ipynb", "-f", "my.yaml", "-p", "recipe", "high")
    assert code == 0
    assert executed == {"recipe": "high", "workers": 2}
    assert "out.ipynb" in out


def test_a_notebook_that_would_identify_somebody_is_refused_with_1(typed, monkeypatch):
    monkeypatch.setattr(notebooks, "execute", raising_anything(NotebookError("it would identify a patient")))
    assert typed("notebook", "00_start_here", "out.ipynb") == (1, "", "it would identify a patient\n")


def test_one_notebook_for_each_subject_and_where_the_index_lies(typed, source):
    code, out, err = typed("notebook", "00_start_here", "--each-subject", source, "looked", "--html")
    assert code == 0, err
    assert "1 subjects, 0 failed" in out or "subjects, 0 failed" in out
    assert Path("looked/index.html").is_file()
    made = sorted(p.name for p in Path("looked").iterdir())
    assert len([name for name in made if name.endswith(".ipynb")]) == out.count("done")
    everything = b"".join(p.read_bytes() for p in Path("looked").rglob("*") if p.is_file())
    assert identifiers_in(out + err + everything.decode("utf-8") + " ".join(made)) == []


@pytest.mark.parametrize("words", [["out.ipynb", "--each-subject", "a", "b"], []], ids=["both", "neither"])
def test_a_notebook_goes_to_one_file_or_to_a_folder(typed, words):
    code, _, err = typed("notebook", "00_start_here", *words)
    assert code == 2
    assert "OUT.ipynb, or --each-subject" in err


def test_an_unknown_parameter_of_a_notebook_is_refused(typed):
    code, _, err = typed("notebook", "00_start_here", "out.ipynb", "-p", "sauce", "a")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert list(Path().iterdir()) == []


def test_demo_takes_a_folder_of_ones_own_through_the_notebooks_and_leaks_nothing(typed, source):
    code, out, err = typed("demo", source)
    assert code == 0, err
    report = Path(re.search(r"^report +(\S+)", out, re.MULTILINE)[1])
    assert report.is_file()
    executed = sorted(p.name for p in Path("demo").rglob("*.ipynb"))
    assert [name[:2] for name in executed] == ["00", "01", "05", "06"]
    everything = b"".join(p.read_bytes() for p in Path("demo").rglob("*") if p.is_file())
    assert identifiers_in(out + err + everything.decode("latin-1")) == []
    assert [p for p in map(str, Path("demo").rglob("*")) if identifiers_in(p)] == []


# --- tables ----------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=6),
    st.integers(min_value=3 * 6 + 4, max_value=200),
)
def test_no_line_of_a_table_is_wider_than_the_terminal(rows, width):
    for line in table(["one", "two", "three"], rows, width).splitlines():
        # What combines with the letter before it takes no column (Unicode categories Mn and Me), a wide letter two.
        assert sum(1 + (wide(c) in {"W", "F"}) for c in line if category(c) not in {"Mn", "Me"}) <= width


def test_a_mark_above_a_letter_takes_no_column():
    assert table(["a"], [["e\u0301" * 6]], 6).splitlines()[2] == "e\u0301" * 6


@given(st.lists(st.lists(st.text(alphabet="ab\n\t\x1b", max_size=9), min_size=2, max_size=2), max_size=6))
def test_a_row_is_one_line_whatever_its_cells_hold(rows):
    lines = table(["one", "two"], rows).split("\n")
    assert len(lines) == len(rows) + 2
    assert not any("\x1b" in line for line in lines)


def test_wide_characters_keep_columns_in_line():
    lines = table(["name", "n"], [["日本", 1], ["abcd", 2]]).splitlines()
    assert lines[2:] == ["日本  1", "abcd  2"]


def test_a_pipe_gets_every_cell_whole():
    assert "x" * 500 in table(["a", "b"], [["x" * 500, 1]])


def test_runs_are_called_with_what_was_typed(typed, monkeypatch, source):
    called = {}

    def run(*args: object, **kwargs: object) -> None:
        called["args"], called["kwargs"] = args, kwargs
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", run)
    places = ["out", "--recipe", "low", "--key", "k", "--private", "p"]
    typed("run", source, *places, "--workers", "3", "--verify", "later", "--overwrite", "--mirror-tree", "--dry-run")
    assert called["args"] == (source, Path("out"), "low", Path("k"))
    assert called["kwargs"] == {
        "private": Path("p"), "workers": 3, "dry_run": True, "verify": "later", "overwrite": True,
        "mirror_tree": True, "cluster": None, "progress": False,
    }  # fmt: skip
