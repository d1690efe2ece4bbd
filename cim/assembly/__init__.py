"""Landmarks and walls built from a table of parts: what parts are, where they stand on a footprint, their solids. Pure."""

from cim.assembly.parts import NO_PARTS, Parts, fault
from cim.assembly.raising import UNFIT, UNKNOWN, Assembled, raise_assemblies, raise_assembly

__all__ = ["NO_PARTS", "UNFIT", "UNKNOWN", "Assembled", "Parts", "fault", "raise_assemblies", "raise_assembly"]
