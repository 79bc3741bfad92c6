"""What the makers of counters send, one file each, read into what was counted and when. Pure.

`read(payload, place)` gives Spans (persons in a span of time) and Totals (a running number at an instant); a counter's
feed decides which of them it takes. It raises Fault for a payload that is none of the maker's, and gives nothing for
messages that are the maker's but hold no counts.
"""

from services.counters.adapters import axis, imbuildings, irisys, milesight, sensmax, terabee, xovis
from services.counters.adapters.common import Make, Reader

READERS: dict[Make, Reader] = {
    "xovis": xovis.read,
    "axis": axis.read,
    "sensmax": sensmax.read,
    "milesight": milesight.read,
    "irisys": irisys.read,
    "terabee": terabee.read,
    "imbuildings": imbuildings.read,
}
