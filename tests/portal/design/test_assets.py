"""The portal's own files: addressed by content, complete, and readable for everyone."""

from __future__ import annotations

import re

import pytest

from aidial_portal.design import assets

PAIRS = [
    (ink, ground)
    for ground in ("surface", "surface-raised", "surface-sunken", "surface-hover")
    for ink in ("text", "text-quiet", "accent", "good", "warn", "bad")
] + [
    ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"), ("accent", "accent-soft"),
    ("text", "surface-lifted"),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("accent-strong", "surface-raised"),
    ("surface", "data-strong"),
]  # fmt: skip
SHAPES = [("line-control", "surface-raised"), ("line-control", "surface"), ("data", "surface-raised")]


def _tokens(theme: int) -> dict[str, str]:
    sheet = assets.all_assets()[assets.STYLESHEET].body.decode()
    return {m[1]: m[2 + theme] for m in re.finditer(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_can_be_read_on_their_ground(theme: int, ink: str, ground: str) -> None:
    tokens = _tokens(theme)
    assert _contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_edges_of_fields_and_bars_can_be_seen(theme: int, shape: str, ground: str) -> None:
    tokens = _tokens(theme)
    assert _contrast(tokens[shape], tokens[ground]) >= 3


def test_a_file_is_found_under_its_own_version_only() -> None:
    address = assets.asset_url("js/app.js")
    _, _, version, path = address.split("/", 3)
    found = assets.find(version, path)
    assert found is not None
    assert found.media_type.startswith("text/javascript")
    assert assets.find("000000000000", path) is None
    assert assets.find(version, "../secrets.txt") is None
    with pytest.raises(KeyError):
        assets.asset_url("js/missing.js")


def test_every_import_and_font_leads_to_a_file() -> None:
    files = assets.all_assets()
    for path, asset in files.items():
        if path.startswith("js/"):
            for name in re.findall(r'from "\./([\w-]+\.js)"', asset.body.decode()):
                assert f"js/{name}" in files
    fonts = re.findall(r'url\("\.\./([^"]+)"\)', files[assets.STYLESHEET].body.decode())
    assert fonts
    assert set(fonts) <= set(files)


def test_what_others_made_comes_with_its_licence() -> None:
    assert {"vendor/inter/LICENSE.txt", "vendor/htmx/LICENSE.txt"} <= set(assets.all_assets())


def test_the_style_sheet_uses_tokens_and_no_colours_of_its_own() -> None:
    sheet = assets.all_assets()[assets.STYLESHEET].body.decode()
    rules = sheet.split('[data-theme="light"]', 1)[1]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []
    used = set(re.findall(r"var\((--[\w-]+)\)", sheet))
    assert used <= set(re.findall(r"(--[\w-]+):", sheet))
