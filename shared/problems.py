"""Errors as part of the interface: RFC 9457 problems with a stable code and a sentence in the reader's language."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """One sentence in both languages of the product."""

    nb: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.nb


Text = str | Message


class Problem(Exception):
    """Base of every refusal. `extra` is merged into the body; Message values in it are rendered too."""

    status = 400
    code = "bad_request"
    detail: Text = Message("Forespørselen kan ikke utføres.", "The request cannot be carried out.")

    def __init__(self, detail: Text | None = None, *, code: str | None = None, **extra: Any) -> None:
        self.detail = detail or type(self).detail
        self.code = code or type(self).code
        self.extra = extra
        super().__init__(self.code)

    def headers(self) -> dict[str, str]:
        return {}


class Invalid(Problem):
    status, code = 422, "invalid"
    detail = Message("Noe i forespørselen er feil.", "Something in the request is wrong.")


class Unauthenticated(Problem):
    status, code = 401, "unauthenticated"
    detail = Message("Du må logge inn.", "You have to sign in.")

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    status, code = 403, "forbidden"
    detail = Message("Du har ikke rett til dette.", "You have no right to do this.")


class NotFound(Problem):
    status, code = 404, "not_found"
    detail = Message("Finnes ikke.", "There is no such thing.")


class Conflict(Problem):
    status, code = 409, "conflict"
    detail = Message("Dette kolliderer med noe annet.", "This clashes with something else.")


class WrongState(Conflict):
    code = "wrong_state"
    detail = Message("Dette passer ikke i den tilstanden det er i nå.", "This does not fit its present state.")


class IdInUse(Conflict):
    code = "id_in_use"
    detail = Message("Id-en er brukt til noe annet.", "The id is in use for something else.")


class Stale(Problem):
    """Somebody else changed it; `current` shows its present state."""

    status, code = 412, "stale"
    detail = Message("Noen andre har endret dette i mellomtiden.", "Somebody else has changed this meanwhile.")

    def __init__(self, current: Any) -> None:
        super().__init__(current=current)


class PreconditionRequired(Problem):
    status, code = 428, "precondition_required"
    detail = Message(
        'Send If-Match med versjonen du endrer, for eksempel If-Match: "3".',
        'Send If-Match with the version you change, for example If-Match: "3".',
    )


class TooLarge(Problem):
    status, code = 413, "too_large"
    detail = Message("Forespørselen er for stor.", "The request is too large.")


class Unavailable(Problem):
    """An outage, not a refusal: the caller may try again after `retry_after` seconds."""

    status, code = 503, "unavailable"
    detail = Message(
        "Tjenesten svarer ikke akkurat nå. Prøv igjen.", "The service does not answer just now. Try again."
    )

    def __init__(self, detail: Text | None = None, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
