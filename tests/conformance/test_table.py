"""The table of cases: what holds for every entry."""

from __future__ import annotations

import base64

import pytest
from conformance.lab import config, snapshot

from gateway import json_text
from gateway.conformance import CASES, Case, chosen, cost, render_list, subject_of
from gateway.conformance.material import document, image, png
from gateway.conformance.remedies import REMEDIES
from gateway.dialects import DIALECTS, Destination
from gateway.messages import MessagesRequest
from gateway.reasoning import Vault
from gateway.routing import Target

SUBJECT = subject_of(snapshot(config()), Target("lab", "obedient"))
ids = [case.name for case in CASES]


def test_names_are_unique_and_groups_stand_together() -> None:
    """A name says which case; a title above a group is printed once."""
    assert len(set(ids)) == len(CASES) >= 60
    groups = [case.group for case in CASES]
    titles = [name for at, name in enumerate(groups) if at == 0 or groups[at - 1] != name]
    assert len(titles) == len(set(groups))
    assert not set(ids) & set(groups)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_case_is_whole(case: Case) -> None:
    """It can be asked, it says what it shows, and what it names to help exists."""
    assert case.turns[0](SUBJECT, ()) is not None
    assert case.says
    assert case.says == case.says.strip()
    assert set(case.remedies) <= set(REMEDIES)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_every_dialect_can_write_every_request(case: Case, dialect: str) -> None:
    """A case shows what a target does, not what the gateway refuses to send."""
    body = case.turns[0](SUBJECT, ())
    request = MessagesRequest.parse(json_text.encode({"model": "lab:obedient", **(body or {})}))
    destination = Destination(model="obedient", seal=Vault(b"secret").seal_for("lab:obedient"))
    assert DIALECTS[dialect].outgoing(request, destination).body


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_case_can_be_chosen_by_name_and_by_group(case: Case) -> None:
    """By either, and by a glob; what costs much only when it is asked for."""
    assert chosen([case.name], large=True) == [case]
    assert case in chosen([case.group], large=True)
    assert case in chosen([f"{case.name[:4]}*"], large=True)
    assert (case in chosen([], large=False)) is not case.large


def test_a_name_that_fits_nothing_is_named() -> None:
    """So that nobody believes to have tried what does not exist."""
    with pytest.raises(LookupError, match="parralel"):
        chosen(["text", "parralel"], large=False)


def test_the_cost_is_that_of_the_cases() -> None:
    """All of them cost what a long question to a model costs, and an image is no wall of text."""
    requests, tokens = cost(chosen([], large=False), SUBJECT)
    assert len(CASES) <= requests <= 2 * len(CASES)
    assert 10_000 < tokens < 60_000
    assert cost(chosen(["image"], large=False), SUBJECT)[1] < 1_000
    assert cost(chosen(["overflow"], large=True), SUBJECT)[1] > 5_000


def test_the_list_has_a_line_for_each_case() -> None:
    """For people, and as JSON for programs."""
    lines = render_list(CASES, as_json=False).splitlines()
    assert len(lines) == len(CASES)
    assert lines[0].split()[:2] == ["text", "reply"]
    rows = json_text.decode(render_list(CASES, as_json=True))
    assert [row["case"] for row in rows] == ids


def test_the_material_is_what_it_says() -> None:
    """A PNG that is not large, and a PDF whose table of objects points at them."""
    data = png((220, 20, 20))
    assert data.startswith(b"\x89PNG")
    assert len(data) < 1_000
    assert image("red")["source"]["media_type"] == "image/png"
    page = base64.b64decode(document("The code word is X.")["source"]["data"])
    start = int(page.split(b"startxref\n")[1].split()[0])
    assert page[start:].startswith(b"xref")
    places = [int(line[:10]) for line in page[start:].split(b"\n")[3:8]]
    assert [page[at : at + 7] for at in places] == [b"%d 0 obj" % n for n in range(1, 6)]
