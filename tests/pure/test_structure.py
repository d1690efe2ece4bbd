"""The house rules that can be counted: lengths, first lines, forbidden words, registered plug-ins."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("cim", "loaders", "tilesets", "api", "data_samples", "tests")
FILE_LINES, FUNCTION_LINES = 300, 40

_DOCUMENTED = re.compile(r"""(?:\s|#[^\n]*\n)*(?:\Z|[rR]?["'])""")
_DEFINITION = re.compile(r"^( *)(?:async def|def|class) ", re.MULTILINE)
_COUNTED = (".py", ".ts", ".sql", ".mjs")

# Exceptions by name, with the reason.
LONGER_FILES: dict[str, str] = {}


def _sources(*suffixes: str) -> list[Path]:
    found = []
    for folder in FOLDERS:
        for path in sorted((CHECKOUT / folder).rglob("*")):
            hidden = {"node_modules", "dist", "__pycache__", ".pytest_cache"} & set(path.parts)
            if path.suffix in suffixes and not hidden:
                found.append(path)
    return found


def test_no_file_is_longer_than_300_lines() -> None:
    lines = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _sources(*_COUNTED)}
    assert len(lines) > 300
    long = {name: count for name, count in lines.items() if count > FILE_LINES and name not in LONGER_FILES}
    assert not long, "is a noun missing?"


def test_files_say_what_they_own() -> None:
    silent = [_name(path) for path in _sources(".py") if not _DOCUMENTED.match(path.read_text(encoding="utf-8"))]
    assert not silent, "the first line of a file says what it owns"


def test_functions_are_short() -> None:
    long = [f"{_name(path)}: {told}" for path in _sources(".py") for told in _long_functions(path)]
    assert not long, f"functions over {FUNCTION_LINES} lines"


def test_a_long_function_is_found_wherever_it_stands() -> None:
    body = "        x = 1\n" * FUNCTION_LINES
    last, nested = (
        f"class A:\n    def f(\n        self,\n    ):\n{body}",
        f"def g():\n    def f():\n{body}\n\nclass B: ...\n",
    )
    assert _may_be_long(last)
    assert _may_be_long(nested)
    assert not _may_be_long("def f():\n    x = 1\n" * FUNCTION_LINES)


def _name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def _may_be_long(text: str) -> bool:
    """Whether a function is followed by the next definition as far left, or the end, over 40 lines later.

    Few files hold one, and only these are parsed: parsing all takes seconds.
    """
    starts = [(text.count("\n", 0, found.start()), len(found[1])) for found in _DEFINITION.finditer(text)]
    starts.append((text.count("\n") + 1, 0))
    for place, (line, depth) in enumerate(starts[:-1]):
        end = next(after for after, left in starts[place + 1 :] if left <= depth)
        if end - line > FUNCTION_LINES:
            return True
    return False


def _long_functions(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    tree, long = ast.parse(text if _may_be_long(text) else ""), []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and body[-1].end_lineno is not None:
                length = body[-1].end_lineno - node.lineno + 1
                if ast.get_docstring(node):
                    doc = node.body[0]
                    length -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
                if length > FUNCTION_LINES:
                    long.append(f"{node.name} ({length})")
    return long


def test_no_drawer_is_called_utils() -> None:
    drawers = re.compile(r"(^|_)(utils?|helpers?|common|base|misc)\.(py|ts)$")
    assert not [str(p) for p in _sources(".py", ".ts") if drawers.search(p.name)]


def test_plugin_files_are_registered() -> None:
    for folder in ("cim/layers", "cim/exports/targets", "loaders/sources", "loaders/protocols"):
        registry = (CHECKOUT / folder / "__init__.py").read_text(encoding="utf-8")
        for path in sorted((CHECKOUT / folder).glob("*.py")):
            if path.stem != "__init__":
                assert re.search(rf"\b{path.stem}\.[A-Z]", registry), f"{folder}/{path.name} is not registered"


def test_no_committed_file_names_a_registry_or_a_machine_path() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"https?://[\w.-]*(pypi|npmjs|pythonhosted|debian)\.\w+|/(work|home|root)/\w")
    for name in listed.stdout.splitlines():
        path = CHECKOUT / name
        if not path.is_file() or path.suffix in (".gpkg", ".tif", ".png") or path == Path(__file__):
            continue
        match = pattern.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert match is None, f"{name}: {match.group(0) if match else ''}"


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for document in [CHECKOUT / "README.md", CHECKOUT / "data_samples/README.md", *(CHECKOUT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"
