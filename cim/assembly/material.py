"""What the parts of assemblies are made of."""

from enum import IntEnum


class Material(IntEnum):
    """What a part of an assembly is made of; unknown: nobody says, or its building says it as a whole."""

    unknown = 0
    brick = 1
    stone = 2
    earth = 3
    timber = 4
    plaster = 5
    glaze = 6
    tile = 7
