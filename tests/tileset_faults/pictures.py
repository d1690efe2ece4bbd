"""Faults in the pictures of models."""

from typing import Any

from tests.tileset_faults.fault import Fault, of_glb

Json = dict[str, Any]


def _no_picture(document: Json, chunk: bytearray) -> None:
    at = document["bufferViews"][document["images"][0]["bufferView"]]["byteOffset"]
    chunk[at : at + 4] = b"JUNK"


def _no_places(document: Json, _: bytearray) -> None:
    for primitive in document["meshes"][0]["primitives"]:
        primitive["attributes"].pop("TEXCOORD_0", None)


FAULTS = (
    Fault("a picture that is none", ("texture.picture",), of_glb(_no_picture)),
    Fault("no places in a picture", ("texture.place",), of_glb(_no_places)),
    Fault("an image that is not there", ("gltf.reference",), of_glb(lambda d, c: d["images"].pop())),
)
