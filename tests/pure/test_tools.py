"""The shell scripts under tools/: they parse, and pip's network settings reach uv."""

import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def mapped(environment: dict[str, str], home: Path) -> dict[str, str]:
    script = f"set -euo pipefail; . '{TOOLS}/lib.sh'; . '{TOOLS}/python.sh'; map_pip_settings; env"
    base = {"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    said = subprocess.run(["bash", "-c", script], env=base | environment, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)


@pytest.mark.parametrize("path", sorted(TOOLS.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_parse(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)


def test_pip_variables_hold_for_uv(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    links = f"{tmp_path}/wheels {tmp_path}/absent http://mirror/wheels"
    given = {"PIP_CERT": "/c.pem", "PIP_INDEX_URL": "http://mirror/simple", "PIP_FIND_LINKS": links}
    found = mapped(given, tmp_path)
    assert (found["SSL_CERT_FILE"], found["UV_DEFAULT_INDEX"]) == ("/c.pem", "http://mirror/simple")
    assert found["UV_FIND_LINKS"] == f"{tmp_path}/wheels,http://mirror/wheels"  # uv would stop at the absent one


def test_pips_configuration_file_holds_for_uv(tmp_path: Path) -> None:
    (tmp_path / "config/pip").mkdir(parents=True)
    text = "[list]\nindex-url = wrong\n[global]\nindex-url = http://mirror/simple\ntrusted-host=mirror\n"
    (tmp_path / "config/pip/pip.conf").write_text(text)
    found = mapped({}, tmp_path)
    assert found["UV_DEFAULT_INDEX"] == "http://mirror/simple"
    assert found["UV_INSECURE_HOST"] == "mirror"


def test_what_is_said_to_uv_itself_wins(tmp_path: Path) -> None:
    given = {"PIP_INDEX_URL": "http://pip/simple", "UV_DEFAULT_INDEX": "http://uv/simple", "SSL_CERT_FILE": "/own.pem"}
    found = mapped(given | {"PIP_CERT": "/c.pem"}, tmp_path)
    assert (found["UV_DEFAULT_INDEX"], found["SSL_CERT_FILE"]) == ("http://uv/simple", "/own.pem")
