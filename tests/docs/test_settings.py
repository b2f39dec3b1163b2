"""The settings table, the example file and the units: true to what the code reads, both ways."""

from __future__ import annotations

import re

import pytest

from aidial_api.settings import SETTINGS as OF_API
from aidial_contract.settings import Setting
from aidial_portal.settings import SETTINGS as OF_PORTAL
from tests.docs.pages import ROOT

OWNER_URL = "AIDIAL_DATABASE_OWNER_URL"
API = {setting.name: setting for setting in OF_API}
PORTAL = {setting.name: setting for setting in OF_PORTAL}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
UNITS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "systemd").iterdir()}


def table() -> dict[str, tuple[str, str]]:
    """Name to (API's word, portal's word) of the table in operations.md."""
    lines = OPERATIONS.partition("<!-- settings -->")[2].lstrip().splitlines()
    rows: dict[str, tuple[str, str]] = {}
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0].strip("`")] = (cells[1], cells[2])
    return rows


def in_example(name: str) -> bool:
    return re.search(rf"^(# )?{name}=", EXAMPLE, re.MULTILINE) is not None


def word(settings: dict[str, Setting], name: str) -> str:
    if name not in settings:
        return "-"
    return "required" if settings[name].required else "optional"


def test_the_table_names_every_setting_and_no_other() -> None:
    assert set(table()) == {*API, *PORTAL, OWNER_URL}


@pytest.mark.parametrize("name", sorted({*API, *PORTAL}))
def test_the_table_says_who_needs_a_setting(name: str) -> None:
    assert table()[name] == (word(API, name), word(PORTAL, name))


@pytest.mark.parametrize("name", sorted({*API, *PORTAL, OWNER_URL}))
def test_the_example_file_names_every_setting(name: str) -> None:
    assert in_example(name)


def test_the_example_file_names_no_setting_that_nobody_reads() -> None:
    own, _, compose = EXAMPLE.partition("# --- deploy/compose.yaml only")
    names = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", own, re.MULTILINE))
    assert names == {*API, *PORTAL, OWNER_URL}
    for name in re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", compose, re.MULTILINE):
        assert f"${{{name}" in COMPOSE, f"{name} is for nobody"


@pytest.mark.parametrize(
    "name", sorted(name for name in {*API, *PORTAL} if "SECRET" in name or "KEY" in name)
)
def test_the_example_file_holds_no_secret(name: str) -> None:
    assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE)


def test_the_compose_file_passes_every_setting_on_to_whom_it_is_for() -> None:
    for setting in (*OF_API, *OF_PORTAL):
        if setting.required:
            assert re.search(rf"^ +{setting.name}: ", COMPOSE, re.MULTILINE), setting.name
    of_api, _, rest = COMPOSE.partition("\nservices:\n")
    of_portal = rest.partition("\n  portal:\n")[2].partition("\n  zitadel:\n")[0]
    for settings, block in ((OF_API, of_api), (OF_PORTAL, of_portal)):
        for setting in settings:
            assert re.search(rf"^ +{setting.name}: ", block, re.MULTILINE), f"{setting.name} is not passed on"
    for name in re.findall(r"^ +(AIDIAL_[A-Z_]+): ", COMPOSE, re.MULTILINE):
        assert name in {*API, *PORTAL, OWNER_URL, "AIDIAL_OWNER_PASSWORD", "AIDIAL_APP_PASSWORD"}


def test_the_units_read_secrets_from_files_under_names_the_code_knows() -> None:
    for unit, text in UNITS.items():
        known = {**API, **PORTAL, OWNER_URL: None}
        for name in re.findall(r"\b([A-Z][A-Z0-9_]+)_FILE=", text):
            assert name in known, f"{unit} sets {name}_FILE"


@pytest.mark.parametrize("process", ["api", "portal", "worker"])
def test_every_process_has_a_unit_that_stops_at_a_wrong_configuration(process: str) -> None:
    text = UNITS[f"aidial-{process}.service"]
    assert f"/aidial {process}" in text
    assert "RestartPreventExitStatus=78" in text


def test_what_commands_read_besides_is_written_down() -> None:
    read = set()
    for path in (ROOT / "src" / "aidial").rglob("*.py"):
        read |= set(re.findall(r'envvar="([A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert read
    for name in read:
        assert f"`{name}`" in OPERATIONS, name
