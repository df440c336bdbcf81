"""Time the widgets in a real JupyterLab and Voilà: from a key or a slider to pixels that can be read from the canvas.

    python benchmarks/widgets.py [--steps 120] [--json FILE]

Needs Debian's chromium. Prints p50 and p95 in milliseconds beside their bounds, and the seconds from the start
of the server to the first image. The volume is drawn (512 x 512 x 120), head and first image are the CT of the samples.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
import conftest as browser

REACH = {"slice": 16, "window": 16, "opacity": 16, "zoom": 16, "setting to mask": 80}
REACH_IN_VOILA = {**REACH, "setting to mask": 50}
VOLUME = """
import numpy as np
from dicomlab.widgets import Viewer
k, i, j = np.mgrid[:120, :512, :512].astype(np.float32)
ball = ((k * 4 - 240) ** 2 + (i - 256) ** 2 + (j - 256) ** 2 < 40000) * 900 + (i + 3 * j + 7 * k) % 200 - 100
Viewer(ball, mask=ball > 700, spacing=(2, 0.5, 0.5), hounsfield=True)
"""
READ = """
import dicomlab as dl
from dicomlab.files import packaged
from dicomlab.volume import volumes_of
from dicomlab.widgets import DefaceTuner, Viewer
series = next(s for s in dl.scan(packaged("data_samples")).series if s.modality == "CT" and len(s) > 40)
volume = volumes_of([e.read() for e in series])[0][0]
"""
FIRST, HEAD = READ + "Viewer(volume)", READ + 'DefaceTuner(volume, "high", "none.yaml")'
KEYS = {"slice": ["PageUp", "PageDown"], "window": ["[", "]"], "zoom": ["+", "-"]}
OPACITY = """([selector, steps]) => {
    const root = document.querySelector(selector), took = [];
    const slider = root.querySelector("input[aria-label='Opacity of the mask']");
    const canvases = [...root.querySelectorAll(".dl-grid canvas")];
    for (let n = 0; n < steps; n++) {
        const start = performance.now();
        slider.value = (n % 20) / 20;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        for (const one of canvases) one.getContext("2d").getImageData(one.width >> 1, one.height >> 1, 1, 1);
        took.push(performance.now() - start);
    }
    return took;
}"""
# The facts are told in the same message as the mask: once they are there, the planes are painted.
MASK = """async ([selector, steps]) => {
    const root = document.querySelector(selector), took = [];
    const slider = root.querySelector("input[aria-label='brow height']"), facts = root.querySelector(".dl-facts");
    const canvases = [...root.querySelectorAll(".dl-grid canvas")];
    for (let n = 0; n < steps; n++) {
        const start = performance.now();
        const told = new Promise((done) => new MutationObserver((_, self) => (self.disconnect(), done()))
            .observe(facts, {childList: true}));
        slider.value = 20 + (n % 20);
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        await told;
        for (const one of canvases) one.getContext("2d").getImageData(one.width >> 1, one.height >> 1, 1, 1);
        took.push(performance.now() - start);
        await new Promise((rest) => setTimeout(rest, 20));
    }
    return took;
}"""


def measured(opened: browser.Notebook, steps: int) -> dict[str, list[float]]:
    """Milliseconds of every kind of step, for whichever widget is open."""
    selector = f"#{opened.id}"
    if opened.find(".dl-tuner").count():
        return {"setting to mask": opened.page.evaluate(MASK, [selector, steps])}
    took = {name: opened.drawn(keys * (steps // 2)) for name, keys in KEYS.items()}
    return took | {"opacity": opened.page.evaluate(OPACITY, [selector, steps])}


def told(took: list[float]) -> dict[str, float]:
    """p50 and p95."""
    ordered = sorted(took)
    return {"p50": round(ordered[len(ordered) // 2], 1), "p95": round(ordered[int(len(ordered) * 0.95)], 1)}


def main() -> None:
    """Measure, print, and write where asked."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--steps", type=int, default=120)
    asked.add_argument("--json", type=Path)
    chosen = asked.parse_args()
    results: dict[str, dict[str, object]] = {"Lab": {}, "Voilà": {}}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=browser.FLAGS)
        start, home = time.monotonic(), Path(folder) / "lab"
        home.mkdir()
        with browser.lab_in(chromium, home) as lab:
            for cells in (FIRST, VOLUME, HEAD):
                with lab.notebook(cells) as opened:
                    opened.find(".dl-grid canvas").nth(2).wait_for()
                    results["Lab"].setdefault("seconds to the first image", round(time.monotonic() - start, 1))
                    results["Lab"] |= {name: told(took) for name, took in measured(opened, chosen.steps).items()}
        for number, cells in enumerate((FIRST, VOLUME, HEAD)):
            start, home = time.monotonic(), Path(folder) / f"voila{number}"
            home.mkdir()
            with browser.voila_in(chromium, home, cells) as opened:
                opened.find(".dl-grid canvas").nth(2).wait_for()
                results["Voilà"].setdefault("seconds to the first image", round(time.monotonic() - start, 1))
                results["Voilà"] |= {name: told(took) for name, took in measured(opened, chosen.steps).items()}
        chromium.close()
    for where, found in results.items():
        for name, figures in found.items():
            wanted = (REACH if where == "Lab" else REACH_IN_VOILA).get(name)
            print(f"{where:6} {name:28} {figures}  {f'reach {wanted} ms' if wanted else ''}")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
