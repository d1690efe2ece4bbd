"""The layers of the model, by name: one file each, one line here."""

from cim.layers import (
    addresses,
    buildings,
    contours,
    dem,
    division_codes,
    divisions,
    dsm,
    landmarks,
    orthophoto,
    roads,
    stations,
    unit_grids,
    vehicles,
    water,
)
from cim.plugins import Layer, Registry

LAYERS: Registry[Layer] = Registry(
    "layer",
    divisions.LAYER,
    division_codes.LAYER,
    unit_grids.LAYER,
    dem.LAYER,
    dsm.LAYER,
    contours.LAYER,
    orthophoto.LAYER,
    roads.LAYER,
    water.LAYER,
    landmarks.LAYER,
    buildings.LAYER,
    addresses.LAYER,
    stations.LAYER,
    vehicles.LAYER,
)

# What every feature of every layer says of itself, so that nothing synthetic or approximate passes for measured.
# (They stand in columns of their own in the store, not among a layer's own attributes.)
PROVENANCE = ("source", "survey_date", "accuracy_m", "is_synthetic")

# Since when and until when a record's state holds in the world, where a source says it record by record.
VALIDITY = ("valid_from", "valid_to")
