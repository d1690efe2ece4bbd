"""The pictures of a model: WebP or KTX2 in the file, reached from every texture, and told where on a surface they go."""

from typing import Any

from tests.tileset_rules.glb import Gltf

KINDS = {"EXT_texture_webp": ("WebP", "image/webp"), "KHR_texture_basisu": ("KTX2", "image/ktx2")}
_KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n"


def check(gltf: Gltf) -> None:
    """Notes what is wrong with textures, their images, and the materials that use them."""
    for texture in gltf.listed("textures"):
        packed = [(kind, told["source"]) for kind, told in texture.get("extensions", {}).items() if kind in KINDS]
        kind, source = packed[0] if packed else ("", texture.get("source"))
        image = gltf.one("images", source)
        if kind and image is not None:
            _packed(gltf, image, *KINDS[kind], f"images[{source}]")
    for mesh in gltf.listed("meshes"):
        for number, primitive in enumerate(mesh.get("primitives", [])):
            _used(gltf, primitive, f"primitives[{number}]")


def _packed(gltf: Gltf, image: dict[str, Any], kind: str, media_type: str, name: str) -> None:
    data = gltf.view(image.get("bufferView")) or b""
    is_webp, is_ktx2 = data[:4] == b"RIFF" and data[8:12] == b"WEBP", data.startswith(_KTX2)
    if not (is_ktx2 if kind == "KTX2" else is_webp) or image.get("mimeType") != media_type:
        gltf.report.add(gltf.uri, "texture.picture", f"{name} is no {kind} in a view")


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
