"""Every rule by name, with the clause it comes from.

Documents: TILES is OGC 22-025r4 (3D Tiles 1.1), cited by the title of its clause; META its 3D Metadata Specification;
IMPLICIT its clause Implicit Tiling; GLTF is ISO/IEC 12113 (glTF 2.0), by number; FEATURES, STRUCTURAL and MESHOPT are
EXT_mesh_features, EXT_structural_metadata and EXT_meshopt_compression, QUANTIZATION is KHR_mesh_quantization. HOUSE
rules are stricter than the standard: what this project promises besides.
"""

RULES: dict[str, str] = {
    # --- JSON of tilesets ---
    "json.encoding": "TILES, JSON encoding: UTF-8 without BOM, unique keys; RFC 8259: no NaN, an object at the top",
    "json.shape": "the JSON schemas of each document: properties are of the types they ask for",
    "asset.version": "TILES, Tileset JSON: asset.version says the version, here 1.0 or 1.1",
    "tileset.required": "TILES, Tileset JSON and tileset.schema: asset, geometricError and root",
    "tileset.error": "TILES, Tileset JSON: error of drawing nothing, so (HOUSE) no less than the root's",
    "tileset.extensions": "TILES, tileset.schema: extensionsRequired are among extensionsUsed; HOUSE: none is required",
    "tile.required": "TILES, Tile JSON and tile.schema: boundingVolume and geometricError",
    "tile.error": "TILES, Geometric error: a nonnegative number",
    "tile.refine": "TILES, Refinement: ADD or REPLACE, and the root of a tileset must say which",
    "tile.volume": "TILES, Bounding volumes and boundingVolume.schema: a box of 12, a region of 6 or a sphere of 4 numbers",
    "tile.region": "TILES, Region: west, south, east, north in radians, lowest and highest height",
    "tile.transform": "TILES, Tile transforms: 16 numbers of an affine matrix, column by column",
    "tile.content": "TILES, Tile JSON: content or contents, never both, each with a uri",
    "tile.children": "TILES, Tile JSON and tile.schema: an array of tiles, left out where there are none",
    "external.children": "TILES, External tilesets: a tile that points to one has no children",
    "external.cycle": "TILES, External tilesets: no cycles",
    "uri.resolves": "TILES, URIs: all URIs must be valid and resolvable",
    "content.format": "TILES, Tile JSON: a content is told by its magic, or is the JSON of an external tileset",
    # --- the tree ---
    "tree.content": "TILES, Bounding volume spatial coherence: contents lie within their tile's volume and all above it",
    "tree.content_volume": "TILES, Content bounding volume: contents lie within their own volume",
    "tree.nested": "HOUSE, stricter than Bounding volume spatial coherence: volumes lie within their parents'",
    "tree.errors": "TILES, Geometric error: successive levels have smaller errors; HOUSE: at least none rises",
    "tree.hole": "TILES, Replacement: children are drawn in place of the parent; HOUSE: a branch without content is a hole",
    "tree.replaced": "HOUSE, from Replacement: the features of a tile are those of the tiles that replace it",
    "name.hash": "HOUSE: contents at c/ are named by half of the SHA-256 of their bytes",
    # --- glTF ---
    "glb.header": "GLTF 4.4.2: magic, version 2, total length",
    "glb.chunks": "GLTF 4.4.3: the JSON chunk first, then at most one binary chunk, all aligned to 4 bytes",
    "gltf.asset": "GLTF 3.2 and 5.8: asset.version 2.0",
    "gltf.extensions": "GLTF 3.12: all met are in extensionsUsed, as are extensionsRequired; none unknown is required",
    "gltf.reference": "GLTF 3.2: indices refer to what exists; nodes are trees",
    "buffer.length": "GLTF 4.4.3.3: the binary chunk is the first buffer, up to 3 bytes longer",
    "view.range": "GLTF 3.6.1: a view lies within its buffer",
    "meshopt.range": "MESHOPT: the compressed bytes lie within their buffer",
    "meshopt.size": "MESHOPT: byteStride times count is the view's byteLength",
    "meshopt.mode": "MESHOPT: ATTRIBUTES of 4 to 256 bytes by fours, TRIANGLES of 2 or 4 bytes by threes, INDICES of 2 or 4",
    "meshopt.decodes": "MESHOPT, Bitstreams: the stream decodes to what was declared",
    "meshopt.fallback": "MESHOPT, Fallback buffers: without data only where the extension is required",
    "accessor.range": "GLTF 3.6.2.4: all elements lie within the view",
    "accessor.alignment": "GLTF 3.6.2.4: offsets are multiples of the component; vertex strides of 4",
    "accessor.bounds": "GLTF 3.6.2.5: min and max are those of the data; positions must have them",
    "attribute.types": "GLTF 3.7.2.1 and QUANTIZATION: the types an attribute may have",
    "attribute.count": "GLTF 3.7.2.1: all attributes of a primitive have as many elements",
    "index.range": "GLTF 3.7.2.1: indices are of vertices there are, below the restart value, whole triangles",
    "texture.picture": "GLTF 3.8.4: an image is WebP or KTX2, as its texture's extension says, (HOUSE) always in a view",
    "texture.place": "GLTF 3.9.3: a primitive has the texture coordinates that its material's texture names",
    "normal.unit": "GLTF 3.7.2.1: normals are unit vectors; QUANTIZATION allows steps: HOUSE within 1 %",
    # --- features and metadata ---
    "features.ids": "FEATURES, Feature ID by vertex: an attribute _FEATURE_ID_n of whole numbers",
    "features.count": "FEATURES: featureCount is at least 1 and no less than the ids that occur",
    "features.table": "FEATURES and STRUCTURAL: ids are rows of the property table, featureCount no more than its count",
    "schema.form": "META, Schemas, Classes and Properties: identifiers, types, component types, counts",
    "schema.enum": "META, Enums: unique names and values of the value type; an ENUM property names one",
    "schema.no_data": "META, Required properties, no data values: noData of the property's type, none where required",
    "table.class": "STRUCTURAL, Property tables: a class of the schema, at least one row",
    "table.properties": "META, Required properties: properties are the class's, the required ones are there",
    "property.length": "META, Binary table format: as many bytes as count and type ask for",
    "property.alignment": "STRUCTURAL and IMPLICIT, Buffers and buffer views: aligned to the component, in subtrees to 8",
    "property.offsets": "META, Strings and Variable-length arrays: count + 1 offsets that never fall, the last at the end",
    "property.text": "META, Strings: UTF-8",
    "property.padding": "META, Booleans: unused bits are 0",
    "property.enum": "META, Enums: values are of the enumeration",
    "property.minmax": "META, Minimum and maximum values: values within those of the class; the table's are those present",
    "entity.form": "TILES, Assigning metadata and metadataEntity.schema: a class of the schema, its required properties",
    "statistics.declared": "TILES, Metadata statistics and statistics.schema: classes and properties of the schema",
    "statistics.values": "TILES, Metadata statistics: what occurs in the tileset",
    # --- implicit tiling ---
    "implicit.root": "IMPLICIT, Implicit root tile: no children, no metadata, a box or region, no content volume or tileset",
    "implicit.form": "IMPLICIT, Implicit root tile and Template URIs: scheme, levels, templates of {level}, {x}, {y}",
    "subtree.header": "IMPLICIT, Subtree binary format: magic, version 1, lengths, chunks padded to 8 bytes",
    "subtree.views": "IMPLICIT, Buffers and buffer views: within the buffer, offsets by eights",
    "subtree.availability": "IMPLICIT, Availability: a constant 0 or 1, or a bitstream; both kinds of tiles always given",
    "subtree.bits": "IMPLICIT, Availability bitstream lengths: exactly as many bytes, unused bits 0",
    "subtree.count": "IMPLICIT, Availability: availableCount is the number of 1 bits",
    "subtree.tiles": "IMPLICIT, Tile availability: a tile's parent is available, and at least one tile is",
    "subtree.contents": "IMPLICIT, Content availability: only of available tiles",
    "subtree.depth": "IMPLICIT, Implicit root tile: no tile deeper than availableLevels; child subtrees hang on tiles",
    "subtree.metadata": "IMPLICIT, Tile and Content metadata: a table of one row for each available tile or content",
    "semantic.type": "TILES, 3D Metadata Semantic Reference: the type a semantic asks for, its values well formed",
}  # fmt: skip


def is_house(rule: str) -> bool:
    """Whether a rule is wholly this project's own, so that a sound tileset of others may break it."""
    return RULES[rule].startswith("HOUSE")
