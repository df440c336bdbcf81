"""The judge notices when any rule family of the engine does not work: each is disabled in turn, and the verdict fails.

The engine is broken on purpose; the release is written unjudged (`verify="later"`) and judged afterwards.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from deidentified import on_headers

import dicomlab as dl
from dicomlab import engine, pseudonyms, recipe, standard
from dicomlab.free_text import Sweeper
from dicomlab.header import claims, clean, documents, values, wire
from dicomlab.header.clean import HeaderCleaner
from dicomlab.header.site import Done, Site
from dicomlab.records import Action

_valued, _element, _claimed, _sweep = Site.valued, HeaderCleaner._element, claims.claimed, Sweeper.sweep
COUNT = iter(range(1, 1 << 30))


@pytest.fixture(scope="module")
def few(samples, tmp_path_factory) -> Path:
    """The samples with three slices of each volume: every kind of thing once, and quick."""
    out = tmp_path_factory.mktemp("few") / "in"
    for path in sorted(p for p in samples.rglob("*") if p.is_file()):
        number = re.search(r"_0*(\d+)\.dcm$", path.name)
        if number is None or int(number[1]) <= 3:
            target = out / path.relative_to(samples)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return out


def kept(_: object, site: Site, **__: object) -> Done:
    """The element as it was."""
    return Done(site.element)


def without(action: str):
    """`Site.valued` that leaves the value where `action` should change it."""

    def valued(self, value, act, *more, **others):
        return Done(self.element) if str(act) == action else _valued(self, value, act, *more, **others)

    return valued


def random_uid(_: HeaderCleaner, old: str) -> str:
    return old if not old or standard.is_well_known_uid(old) else f"2.25.{10**20 + next(COUNT)}"


def one_uid(_: HeaderCleaner, old: str) -> str:
    return old if not old or standard.is_well_known_uid(old) else "2.25.77777777"


def other_days(_: HeaderCleaner, value: bytes, vr: str) -> bytes | None:
    days = -100 - next(COUNT) % 1000
    pieces = [pseudonyms.shift_date(p.strip(), days, vr) for p in value.decode("ascii", "replace").split("\\")]
    return None if None in pieces else values.pad("\\".join(pieces).encode(), vr)


def private_kept(self, element, creator, where, context):
    return Done(element) if element.tag >> 16 & 1 else _element(self, element, creator, where, context)


def says(**over: object):
    """`claims.claimed` that says something else than what was done."""

    def claimed(elements, encoding, recipe_, *, method, codes, identity_removed):
        removed = bool(over.get("removed", identity_removed))
        out = _claimed(elements, encoding, recipe_, method=method, codes=codes, identity_removed=removed)
        if "dates" in over:
            out[0x00280303] = wire.Element(0x00280303, "CS", b"UNMODIFIED", 10)
        return out

    return claimed


FAMILIES = {
    "nothing is removed (X)": (Site, "removed", lambda self: Done(self.element)),
    "nothing is emptied (Z)": (Site, "valued", without("Z")),
    "no dummies (D)": (Site, "valued", without("D")),
    "no new UIDs (U)": (Site, "valued", without("U")),
    "no text is cleaned (C)": (Site, "valued", without("C")),
    "Types of the IOD are ignored": (Site, "settled", lambda _, code: Action(code.replace("*", "").split("/")[0])),
    "items of sequences are not entered": (HeaderCleaner, "_sequence", kept),
    "private attributes are kept": (HeaderCleaner, "_element", private_kept),
    "known identifiers stay in texts": (Sweeper, "sweep", lambda _, text, **__: text),
    "UIDs are replaced by other ones each time": (HeaderCleaner, "_other_uid", random_uid),
    "all UIDs become one": (HeaderCleaner, "_other_uid", one_uid),
    "UIDs stay": (HeaderCleaner, "_other_uid", lambda _, old: old),
    "Patient ID stays": (HeaderCleaner, "_patient_id", kept),
    "documents stay": (documents, "dummy", lambda _: b"%PDF-1.4 W\xfchlm\xe4user, G\xf6tz "),
    "comments in pixel streams stay": (engine.cleaning, "_without_stream_metadata", lambda elements, _: elements),
    "nothing is claimed": (claims, "claimed", lambda elements, *_, **__: dict(elements)),
    "identity is claimed to be removed, pixels and all": (claims, "claimed", says(removed=True)),
    "dates are claimed to be unmodified": (claims, "claimed", says(dates=True)),
    "every option is claimed": (
        claims,
        "codes_of",
        lambda _, **__: (standard.PROFILE_CODE, *((o.code, o.meaning) for o in standard.OPTIONS.values())),
    ),
}
SHIFTING = {
    "dates are not shifted": (Site, "valued", without("shift")),
    "each date is shifted by other days": (HeaderCleaner, "shifted_value", other_days),
    "ages over 89 are not pooled": (HeaderCleaner, "_age", kept),
}


def verdict_on(source: Path, out: Path, chosen: recipe.Recipe) -> dl.Verdict:
    """Write without judging, then judge."""
    dl.run(source, out, chosen, dl.Key(b"m" * 32), verify="later")
    return dl.verify(source, out, chosen)


@pytest.fixture(scope="module")
def basic() -> recipe.Recipe:
    return recipe.load("basic")


@pytest.fixture(scope="module")
def shifting() -> recipe.Recipe:
    """Research with the pixels let out, so that every sample is written."""
    return on_headers("research").with_changes(at_risk={"text": "keep", "face": "keep"})


@pytest.mark.parametrize("name", ["basic", "shifting"])
def test_an_engine_that_works_passes(few, tmp_path, request, name):
    assert verdict_on(few, tmp_path / "out", request.getfixturevalue(name)).passed


@pytest.mark.parametrize("family", FAMILIES)
def test_the_verdict_fails_without_a_rule_family(few, tmp_path, monkeypatch, basic, family):
    monkeypatch.setattr(*FAMILIES[family])
    assert not verdict_on(few, tmp_path / "out", basic).passed


@pytest.mark.parametrize("family", SHIFTING)
def test_the_verdict_fails_without_a_rule_family_of_shifted_dates(few, tmp_path, monkeypatch, shifting, family):
    monkeypatch.setattr(*SHIFTING[family])
    assert not verdict_on(few, tmp_path / "out", shifting).passed


def test_a_run_that_judges_writes_nothing_of_a_broken_engine(few, tmp_path, monkeypatch, basic):
    monkeypatch.setattr(*FAMILIES["nothing is emptied (Z)"])
    outcome = dl.run(few, tmp_path / "out", basic, dl.Key(b"m" * 32))
    assert not outcome.count("written")
    assert not list((tmp_path / "out").rglob("*.dcm"))


assert clean.Site is Site  # what is patched is what the engine uses
