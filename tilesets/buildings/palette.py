"""The colours of the city: walls by use, roofs by form, eaves from below, as the linear values of glTF vertex colours."""

import numpy as np
import numpy.typing as npt

from cim.assembly.material import Material
from cim.types import FloatArray, RoofForm, Surface, Use

_WALLS = {
    Use.unknown: "#97938c",
    Use.residential: "#9c9283",
    Use.commercial: "#958775",
    Use.office: "#899195",
    Use.industrial: "#878986",
    Use.public: "#9a8f8c",
    Use.religious: "#b5684f",
    Use.heritage: "#b08a6a",
    Use.education: "#9d8e74",
    Use.medical: "#9b9b99",
    Use.transport: "#7e8589",
}
_MATERIALS = {
    Material.brick: "#948d82",
    Material.stone: "#b4b1a8",
    Material.earth: "#b39a78",
    Material.timber: "#8c3b2c",
    Material.plaster: "#8f3d2f",
    Material.glaze: "#3c7d74",
    Material.tile: "#6f7478",
}
_SLAB, _GREY_TILE, _TIMBER = "#b6b3ac", "#6f7478", "#4a372b"


def _linear(srgb: str) -> npt.NDArray[np.uint8]:
    return linear(np.array([int(srgb[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0)


def linear(value: FloatArray) -> npt.NDArray[np.uint8]:
    """Parts of red, green and blue (..., 3) from 0 to 1 as screens show them (sRGB), as the steps of vertex colours."""
    found = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.round(found * 255.0).astype(np.uint8))


_WALL_OF_USE = np.stack([_linear(_WALLS[use]) for use in Use])
_ROOF_OF_FORM = np.stack([_linear(_SLAB if form is RoofForm.flat else _GREY_TILE) for form in RoofForm])
_UNDERSIDE = _linear(_TIMBER)
_OF_MATERIAL = np.stack([_linear(_MATERIALS.get(one, "#000000")) for one in Material])


def colours(
    use: npt.NDArray[np.uint8],
    form: npt.NDArray[np.uint8],
    surface: npt.NDArray[np.uint8],
    up: FloatArray | None = None,
    material: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Linear RGB (v, 3) of vertices, by the use and roof form of their building and the surface they are of.

    material: (v,) `Material` of parts, which goes before the use; None: unknown for all.
    up: (v,) how much of up is in their normals: the undersides of roofs are dark timber. None: there are none.
    """
    is_roof = (surface == Surface.roof)[:, None]
    above = np.where(
        is_roof, _ROOF_OF_FORM[np.minimum(form, len(RoofForm) - 1)], _WALL_OF_USE[np.minimum(use, len(Use) - 1)]
    )
    if material is not None:
        above = np.where((material != Material.unknown)[:, None], _OF_MATERIAL[material], above)
    if up is None:
        return above
    is_below = (surface == Surface.overhang) | ((surface == Surface.roof) & (up < 0.0))
    return np.where(is_below[:, None], _UNDERSIDE, above)
