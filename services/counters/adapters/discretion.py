"""What no counter may send here: pictures, tracks of persons, and the devices they carry. Refused whole, never kept.

By names of fields and by the look of values, at any depth: a snapshot is not read in order to be thrown away.
"""

from collections.abc import Iterator
from typing import Any, Literal

from services.counters.adapters.common import Fault
from shared.problems import Message

Kind = Literal["image", "track", "radio"]
_NAMES: dict[str, Kind] = {
    **dict.fromkeys(("snapshot", "image", "images", "image_base64", "picture", "pictures", "photo", "photos"), "image"),
    **dict.fromkeys(("thumbnail", "jpeg", "jpg", "png", "video", "heatmap", "binary_data", "frame_data"), "image"),
    **dict.fromkeys(("recording", "recording_data", "validation_recording"), "image"),
    **dict.fromkeys(("live_data", "tracked_objects", "tracks", "track", "track_id", "tracks_data"), "track"),
    **dict.fromkeys(("trajectory", "trajectories", "people_id", "person_id", "person_height", "object_id"), "track"),
    **dict.fromkeys(("face", "faces", "positions"), "track"),
    **dict.fromkeys(("wifi_bt_data", "wifi_bt", "wifi_data", "wifi", "bluetooth", "bluetooth_data"), "radio"),
    **dict.fromkeys(("beacons", "ble", "wifi_devices", "bluetooth_devices"), "radio"),
    **dict.fromkeys(("probe_requests", "probes", "ssid", "ssids", "mac_addresses", "client_mac", "clients"), "radio"),
}
# Makers write the same name as wifi_bt, wifi-bt and WifiBt.
_SQUEEZED = {name.replace("_", ""): kind for name, kind in _NAMES.items()}
_AGENTS: dict[str, Kind] = {"LIVE_DATA": "track", "WIFI_BT": "radio", "RECORDING": "image"}
_PICTURES = ("data:image/", "data:video/", "/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR")
_SHORTEST_PICTURE = 60
DEEPEST = 20


def found_in(payload: Any) -> tuple[Kind, str] | None:
    """The kind of the first thing that may not be sent, and where. Raises Fault for what is too deep to look into."""
    return next(_search(payload, ""), None)


def _search(value: Any, where: str, depth: int = 0) -> Iterator[tuple[Kind, str]]:
    if depth > DEEPEST:
        raise Fault(where[:60], Message("er nestet for dypt", "is nested too deeply"))
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{where}.{name}".lstrip(".")
            if kind := _SQUEEZED.get("".join(filter(str.isalnum, str(name))).lower()):
                yield kind, here
            yield from _search(inner, here, depth + 1)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _search(inner, f"{where}.{at}".lstrip("."), depth + 1)
    elif isinstance(value, str):
        if value in _AGENTS and where.endswith("type"):
            yield _AGENTS[value], where
        elif len(value) >= _SHORTEST_PICTURE and value.startswith(_PICTURES):
            yield "image", where
