"""The page of textures names every rule, in the order in which they are asked."""

from pathlib import Path

from tilesets.buildings.textures.rules import RULES, WallTexture

PAGE = Path(__file__).resolve().parents[3] / "docs/textures.md"
WORDS = {
    "large bricks": WallTexture.city_brick,
    "red timber front": WallTexture.hall_front,
    "vermilion plaster": WallTexture.vermilion,
    "shopfront": WallTexture.shopfront,
    "grey brick": WallTexture.grey_brick,
    "brick with windows": WallTexture.brick_windows,
    "plaster": WallTexture.plaster,
    "curtain wall": WallTexture.glass,
    "timber front": WallTexture.timber_front,
    "rows of windows": WallTexture.band_windows,
    "a window a bay": WallTexture.dwelling,
}


def test_the_page_of_textures_has_every_rule() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    told = [(WORDS[front], WORDS[other]) for _, front, other in rows[2:]]
    assert told == [(rule.front, rule.other) for rule in RULES]
