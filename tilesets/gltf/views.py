"""The buffer views of a GLB while it is being written: compressed streams and plain bytes in one chunk."""

import meshopt
import numpy as np
import numpy.typing as npt

from tilesets.gltf.metadata import Json

MESHOPT = "EXT_meshopt_compression"
ARRAY, ELEMENTS = 34962, 34963
"""What a stream is: rows of vertices, or indices of triangles (glTF 2.0, clause 5.11.5)."""


class Views:
    """Buffer views in the order they were added. compress: streams by EXT_meshopt_compression."""

    def __init__(self, compress: bool) -> None:
        self.entries: list[Json] = []
        self.compress = compress
        self._parts: list[bytes] = []
        self._size = 0
        self._plain_size = 0

    def stream(self, rows: npt.NDArray[np.generic], target: int) -> int:
        """A view of vertex rows (each a multiple of four bytes) or of triangle indices."""
        is_index = target == ELEMENTS
        entry: Json = {"buffer": 0, "byteLength": rows.nbytes, "target": target}
        stride = rows.itemsize if is_index else rows.nbytes // len(rows)
        if not is_index:
            entry["byteStride"] = stride
        if not self.compress:
            return self._add(entry | {"byteOffset": self._append(rows.tobytes())})
        mode = "TRIANGLES" if is_index else "ATTRIBUTES"
        packed = meshopt.encode_gltf_buffer(rows.ravel() if is_index else rows, mode)
        entry |= {"buffer": 1, "byteOffset": self._plain_size}
        self._plain_size += -(-rows.nbytes // 8) * 8
        entry["extensions"] = {
            MESHOPT: {
                "buffer": 0,
                "byteOffset": self._append(packed),
                "byteLength": len(packed),
                "byteStride": stride,
                "count": rows.size if is_index else len(rows),
                "mode": mode,
            }
        }
        return self._add(entry)

    def plain(self, data: bytes) -> int:
        """A view of bytes as they are, aligned to eight."""
        return self._add({"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data)})

    def buffers(self) -> list[Json]:
        """The glTF buffers: the binary chunk, and the one that only says how large the decompressed data is."""
        chunk: list[Json] = [{"byteLength": self._size}]
        if self.compress:
            chunk.append({"byteLength": self._plain_size, "extensions": {MESHOPT: {"fallback": True}}})
        return chunk

    def data(self) -> bytes:
        """The binary chunk."""
        return b"".join(self._parts)

    def _append(self, data: bytes) -> int:
        offset = self._size
        padded = data + bytes(-len(data) % 8)
        self._parts.append(padded)
        self._size += len(padded)
        return offset

    def _add(self, entry: Json) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1
