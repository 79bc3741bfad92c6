"""Pages: the web app's files and shell, and what must work without JavaScript."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from services.portal.site import File, Site
from shared.http import language
from shared.problems import Message, NotFound, Text
from shared.version import VERSION

router = APIRouter(include_in_schema=False)
TEMPLATES = Path(__file__).parent / "templates"
STYLE = File((TEMPLATES / "plain.css").read_bytes(), None, "text/css", f'"{VERSION}"', hashed=False)
_TITLES = {
    "trouble": Message("Noe stoppet", "Something stopped"),
    "unbuilt": Message("Nettsiden er ikke bygget", "The web app is not built"),
    "accessibility": Message("Tilgjengelighetserklæring", "Accessibility statement"),
    "demo": Message("Demo", "Demo"),
}


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A server-rendered page in the reader's language; `?lang=` chooses another."""
    tongue = request.query_params.get("lang", "")
    tongue = tongue if tongue in ("nb", "en") else language(request)
    settings = request.app.state.door.settings
    html = (
        _templates()
        .get_template(f"{name}.html")
        .render(
            lang=tongue,
            title=_TITLES[name].in_language(tongue),
            path=request.url.path,
            version=VERSION,
            demo=settings.demo,
            **values,
        )
    )
    return HTMLResponse(html, status, {"Content-Language": tongue, "Vary": "Accept-Language"})


def trouble(request: Request, detail: Text, status: int) -> HTMLResponse:
    """Something ended here; the way back is on the page."""
    sentence = detail.in_language(language(request)) if isinstance(detail, Message) else detail
    return page(request, "trouble", status, detail=sentence)


@router.get("/tilgjengelighet")
@router.get("/accessibility")
async def accessibility(request: Request) -> Response:
    return page(request, "accessibility")


@router.get("/demo")
async def demo(request: Request) -> Response:
    if request.app.state.door.settings.demo_accounts is None:
        raise NotFound
    return page(request, "demo", accounts=request.app.state.accounts)


@router.get("/plain.css")
async def style(request: Request) -> Response:
    return _send(request, STYLE)


@router.get("/{path:path}")
@router.head("/{path:path}")
async def site(request: Request, path: str) -> Response:
    """A file of the web app, or its shell for the addresses it makes up itself."""
    if path.split("/")[0] in ("api", "auth", "test", "health"):
        raise NotFound
    built: Site = request.app.state.site
    found = built.file(path) if path else None
    if found is not None:
        return _send(request, found)
    if "." in path.rsplit("/", 1)[-1]:
        raise NotFound
    shell = built.shell()
    return _send(request, shell) if shell else page(request, "unbuilt", 503)


def _send(request: Request, file: File) -> Response:
    caching = "public, max-age=31536000, immutable" if file.hashed else "no-cache"
    headers = {"Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        body = file.packed
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=file.media_type)
