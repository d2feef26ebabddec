"""Writes docs/pictures/markets/<mechanism>.svg for every mechanism that has a picture."""

from pathlib import Path

from scripts.pictures.table import PICTURES

FOLDER = Path(__file__).parents[2] / "docs" / "pictures" / "markets"


def main() -> None:
    """Draws them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
