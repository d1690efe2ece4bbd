"""One load under way as a value: what is being loaded, and where its version stands."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cim.city import City
from cim.geoid import Geoid
from cim.plugins import Layer, Source
from cim.store import publication
from cim.types import Report
from loaders.delivery.files import File


@dataclass(frozen=True, slots=True)
class Load:
    """One load under way: what is being loaded, where its version stands."""

    dataset: str
    source: Source
    layer: Layer
    city: City
    geoid: Geoid | None
    files: tuple[File, ...]
    since: datetime | None
    dataset_id: int
    version_id: int
    preview: bool
    data: Path | None = None

    def delivery(self) -> publication.Delivery:
        """What is to be published of it."""
        return publication.Delivery(self.layer, self.dataset_id, self.version_id, self.source.mode, self.since)


class Preview(Exception):
    """Carries the report of a preview out of the transaction that must not be committed."""

    def __init__(self, report: Report) -> None:
        super().__init__("a preview changes nothing")
        self.report = report
