"""The tables as SQLAlchemy Core and GeoAlchemy2 know them, for queries composed in Python.

The migrations make the tables; a test holds these descriptions against a migrated database. Geometry is in the city frame,
whose EPSG number the database fixes (srid -1 here: any); that of vector tiles in web Mercator.
"""

from geoalchemy2 import Geometry
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(schema="cim")


def _shape(kind: str = "GEOMETRY", srid: int = -1) -> Geometry:
    return Geometry(kind, srid=srid, spatial_index=False)


def _provenance() -> list[Column[object]]:
    """Where a state comes from and how far to trust it."""
    return [
        Column("dataset_id", BigInteger, nullable=False),
        Column("version_id", BigInteger, nullable=False),
        Column("source_row", BigInteger, nullable=False),
        Column("source", Text),
        Column("survey_date", Date),
        Column("accuracy_m", REAL),
        Column("is_synthetic", Boolean, nullable=False),
    ]


def _times() -> list[Column[object]]:
    """When a state held in the world (valid) and in the store (record); `record_to` null is current."""
    return [
        Column("valid_from", DateTime(timezone=True)),
        Column("valid_to", DateTime(timezone=True)),
        Column("record_from", DateTime(timezone=True), nullable=False),
        Column("record_to", DateTime(timezone=True)),
    ]


body = Table(
    "body",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("building_id", BigInteger, nullable=False),
    Column("lod", REAL, nullable=False),
    Column("cim_level", SmallInteger, nullable=False),
    Column("name", Text),
    Column("address", Text),
    Column("use", SmallInteger, nullable=False),
    Column("roof_form", SmallInteger, nullable=False),
    Column("storeys", SmallInteger),
    Column("year", SmallInteger),
    Column("height_m", Double, nullable=False),
    Column("height_basis", Text, nullable=False),
    Column("eaves_m", Double),
    Column("base_m", Double),
    Column("footprint", _shape(), nullable=False),
    Column("geom", _shape("MULTIPOLYGONZ")),
    Column("semantics", ARRAY(SmallInteger)),
    Column("structure", JSONB),
    Column("appearance", JSONB),
    Column("properties", JSONB, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("decisions", JSONB),
    *_provenance(),
    *_times(),
    Column("cell", BigInteger, nullable=False),
    Column("mercator", _shape(srid=3857)),  # computed by the database: never written
)

feature = Table(
    "feature",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("object_id", BigInteger, nullable=False),
    Column("layer", Text, nullable=False),
    Column("name", Text),
    Column("properties", JSONB, nullable=False),
    Column("geom", _shape()),
    *_provenance(),
    *_times(),
    Column("cell", BigInteger),
    Column("mercator", _shape(srid=3857)),
    Column("raised", _shape("GEOMETRYZ")),  # heights of the city datum; null: not known
)

# What the model shows now, as views: the same columns, only states that hold at this moment.
current_body = Table("current_body", metadata, *(Column(c.name, c.type) for c in body.columns))
current_feature = Table("current_feature", metadata, *(Column(c.name, c.type) for c in feature.columns))

thing = Table(
    "thing",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("building_id", BigInteger),
    Column("geom", _shape("POINT")),
    Column("source", Text),
    Column("is_synthetic", Boolean, nullable=False),
    Column("properties", JSONB, nullable=False),
)
