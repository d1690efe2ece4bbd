"""The pictures of a model: WebP that lies in the file, reached from every texture, and told where on a surface they go."""

from typing import Any

from tests.tileset_rules.glb import Gltf

WEBP = "EXT_texture_webp"


def check(gltf: Gltf) -> None:
    """Notes what is wrong with textures, their images, and the materials that use them."""
    for texture in gltf.listed("textures"):
        packed = texture.get("extensions", {}).get(WEBP, {}).get("source")
        image = gltf.one("images", texture.get("source") if packed is None else packed)
        if packed is not None and image is not None:
            _webp(gltf, image, f"images[{packed}]")
    for mesh in gltf.listed("meshes"):
        for number, primitive in enumerate(mesh.get("primitives", [])):
            _used(gltf, primitive, f"primitives[{number}]")


def _webp(gltf: Gltf, image: dict[str, Any], name: str) -> None:
    data = gltf.view(image.get("bufferView"))
    is_webp = data is not None and data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if not is_webp or image.get("mimeType") != "image/webp":
        gltf.report.add(gltf.uri, "texture.picture", f"{name} is no WebP in a view")


def _used(gltf: Gltf, primitive: dict[str, Any], name: str) -> None:
    if "material" not in primitive:
        return
    material = gltf.one("materials", primitive["material"])
    used = (material or {}).get("pbrMetallicRoughness", {}).get("baseColorTexture")
    if used is None:
        return
    gltf.one("textures", used.get("index"))
    if f"TEXCOORD_{used.get('texCoord', 0)}" not in primitive.get("attributes", {}):
        gltf.report.add(gltf.uri, "texture.place", f"{name}: no places in the picture of its material")
