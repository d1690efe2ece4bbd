"""What a check found: violations, each with the file, the rule and what is wrong."""

from dataclasses import dataclass, field

from tests.tileset_rules.catalogue import RULES


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One broken rule. uri: the file, with a JSON pointer where that helps."""

    uri: str
    rule: str
    what: str


@dataclass
class Report:
    """The violations met so far, and how much was looked at."""

    violations: list[Violation] = field(default_factory=list)
    tiles: int = 0
    contents: int = 0
    tilesets: int = 0
    subtrees: int = 0
    vertices: int = 0

    def add(self, uri: str, rule: str, what: str) -> None:
        """Notes a violation of a rule of the catalogue."""
        if rule not in RULES:
            raise AssertionError(f"{rule} is not in the catalogue")
        self.violations.append(Violation(uri, rule, what))

    def rules(self) -> set[str]:
        """The names of the rules that are broken."""
        return {violation.rule for violation in self.violations}

    def __str__(self) -> str:
        seen = f"{self.tilesets} tilesets, {self.subtrees} subtrees, {self.tiles} tiles, {self.contents} contents"
        lines = [f"{v.uri}: {v.rule}: {v.what}" for v in self.violations]
        return "\n".join([*lines, f"{seen}, {self.vertices} vertices: {len(lines)} violations"])
