"""Five hundred planted identifiers in a real JupyterLab: whatever runs and fails there, no file holds one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planted import FAILING, READ, SLOW, corpus_in, hits, searched, with_pixels

from browser.conftest import CLOSE, OPEN, Notebook, guarded_in, written
from dicomlab import notebooks

# The page as the app exports it (File, Save and Export Notebook As, HTML).
EXPORT = """async (name) => (await fetch(window.jupyterapp.serviceManager.serverSettings.baseUrl
    + `nbconvert/html/${name}?download=true`)).text()"""
# A further cell, once all that the others showed has arrived: a kernel that dies takes along what it did not send yet.
RUN_NEXT = """async ([id, cells]) => {
    const app = window.jupyterapp;
    const notebook = [...app.shell.widgets('main')].find((one) => one.id === id).content;
    notebook.model.sharedModel.insertCells(1, cells);
    notebook.activeCellIndex = 1;
    await app.commands.execute('notebook:run-cell');
    return notebook.widgets.map((cell) => cell.model.outputs.toJSON().filter((o) => o.output_type === 'error').length);
}"""
HERE = READ.replace("import", "from dicomlab.files import folder_of\nimport", 1).replace("(source)", "(folder_of())")
SHOWN = HERE + "print(*told)"


@pytest.fixture(scope="module")
def place(chromium, tmp_path_factory):
    """JupyterLab on the corpus, with a folder of its own for temporary files; all of it is searched."""
    source, planted = corpus_in(tmp_path_factory)
    whole, hidden = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("h")
    (whole / "t").mkdir()
    with guarded_in(chromium, whole, hidden, source, TMPDIR=str(whole / "t")) as lab:
        seen: set[tuple[Path, int]] = set()
        yield lab, source, planted, lambda: {**searched(whole, planted, seen), **searched(hidden, planted, seen)}


def exported(lab, name: str) -> str:
    page = lab.watched.page.evaluate(EXPORT, name)
    assert "<html" in page
    return page


@pytest.mark.parametrize("name", notebooks.packaged())
def test_a_notebook_that_ran_holds_results_and_no_planted_identifier(place, name, tmp_path):
    lab, source, planted, everywhere = place
    path = lab.folder / f"{name}.ipynb"
    if name in SLOW:
        part = with_pixels(source, tmp_path / "part")
        path.write_text(path.read_text("utf-8").replace('source = \\"\\"', f'source = \\"{part}\\"'))
    opened = Notebook(lab, path, lab.watched.page.evaluate(OPEN, path.name))
    try:
        opened.run()
        text = opened.saved()
        page = exported(lab, path.name)
    finally:
        lab.watched.page.evaluate(CLOSE, opened.id)
    kept = json.loads(text)
    assert sum(bool(cell.get("outputs")) for cell in kept["cells"]) >= 2
    assert "widgets" not in kept["metadata"]
    assert hits(page, planted) == []
    assert everywhere() == {}
    lab.watched.check()


@pytest.mark.parametrize("cell", sorted(FAILING, key=lambda cell: "_exit" in cell))  # a death is told later
def test_a_cell_that_fails_leaves_no_planted_identifier_anywhere(place, cell):
    lab, _, planted, everywhere = place
    with lab.notebook(SHOWN) as opened:
        page = opened.page
        errors = page.evaluate(RUN_NEXT, [opened.id, written("", cell.replace("(source)", "(told[7])"))["cells"][1:]])
        if "_exit" in cell:
            page.get_by_text("appears to have died").first.wait_for()
        else:
            assert errors == [0, 1]
        assert hits(opened.find(".jp-OutputArea").first.inner_text(), planted)  # it was on the screen
        for button in page.locator(".jp-Dialog .jp-mod-accept").all():
            button.click()
        text = opened.saved()
        assert hits(exported(lab, opened.path.name), planted) == []
        if "_exit" in cell:
            lab.watched.errors.clear()
    assert "this output was not saved" in text
    assert ('"error"' in text) != ("_exit" in cell)
    assert everywhere() == {}
