"""Faults planted in sound tilesets, each with the rules that must find it: what the rule checker is tested with."""

from tests.tileset_faults import gltf, implicit, json, metadata

EXPLICIT = (*json.FAULTS, *gltf.FAULTS, *metadata.FAULTS)
IMPLICIT = implicit.FAULTS
