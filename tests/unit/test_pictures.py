"""The pictures of the documents show what the mechanisms compute now."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from broker.mechanisms.catalogue import MECHANISMS
from scripts.pictures.__main__ import FOLDER
from scripts.pictures.table import PICTURES

PAGES = Path(__file__).parents[2] / "docs" / "markets"


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_up_to_date_and_well_formed(name: str) -> None:
    drawn = PICTURES[name]()
    assert (FOLDER / f"{name}.svg").read_text("utf-8") == drawn, "run: python -m scripts.pictures"
    ElementTree.fromstring(drawn)


@pytest.mark.parametrize("name", PICTURES)
def test_the_page_shows_its_picture(name: str) -> None:
    assert f"(../pictures/markets/{name}.svg)" in (PAGES / f"{name}.md").read_text("utf-8")


def test_every_mechanism_has_a_page_that_starts_with_a_title() -> None:
    for name in MECHANISMS:
        text = (PAGES / f"{name}.md").read_text("utf-8")
        assert text.startswith("# ")
        assert "community-broker" in text
