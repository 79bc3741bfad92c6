"""What callers send about feeds."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StrictInt

from services.facility.feeds.domain import Titles
from shared.types import Body, Flag, Id, ShortText

MOST_CHARACTERS = 4_000_000


class FileSource(Body):
    kind: Literal["file"]
    text: Annotated[SecretStr, Field(max_length=MOST_CHARACTERS)]


class AddressSource(Body):
    """The address may be a secret in itself: it is never shown again, in an answer or elsewhere."""

    kind: Literal["address"]
    url: Annotated[SecretStr, Field(max_length=2000)]


class PutFeed(Body):
    """`source` may be left out when a feed is changed: it keeps what it has. `override` books outside opening hours."""

    name: Annotated[ShortText, Field(min_length=1)]
    space_id: Id
    unit_id: Id | None = None
    source: Annotated[FileSource | AddressSource, Field(discriminator="kind")] | None = None
    refresh_minutes: Annotated[StrictInt, Field(ge=15, le=7 * 24 * 60)] = 60
    override: Flag = False
    titles: Titles = "shown"
