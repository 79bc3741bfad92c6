"""The built web app, read once and kept packed: a handful of small files."""

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PACKED = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}


@dataclass(frozen=True)
class File:
    body: bytes
    packed: bytes | None
    media_type: str
    etag: str
    hashed: bool


class Site:
    """Files by path below the folder; read again when the build has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: float | None = None
        self._files: dict[str, File] = {}

    def file(self, path: str) -> File | None:
        self._refresh()
        return self._files.get(path.lstrip("/"))

    def shell(self) -> File | None:
        """The page every client route begins with; None when the web app is not built."""
        return self.file("index.html")

    def _refresh(self) -> None:
        index = self._folder / "index.html"
        built = index.stat().st_mtime if index.is_file() else None
        if built != self._built:
            self._files = _read(self._folder) if built else {}
            self._built = built


def _read(folder: Path) -> dict[str, File]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".map")
    return {path.relative_to(folder).as_posix(): _file(path, folder) for path in paths}


def _file(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 6, mtime=0) if media_type.startswith(PACKED) and len(body) > 500 else None
    # Vite puts what it names by content into assets/: such a name never means anything else.
    hashed = path.relative_to(folder).parts[0] == "assets"
    return File(body, packed, media_type, f'"{sha256(body).hexdigest()[:20]}"', hashed)
