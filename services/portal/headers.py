"""What every answer of the portal tells the browser not to do."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No script or style but our own files; positions are style attributes, which run nothing.
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        # signing out leads on to the identity provider
        "form-action 'self' {provider}",
        "frame-ancestors 'none'",
    )
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class SecurityHeaders:
    """Pure ASGI, so that streams see their readers leave."""

    def __init__(self, app: ASGIApp, https: bool, provider: str) -> None:
        self.app = app
        self.https = https
        self.page_policy = PAGE_POLICY.format(provider=provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            # A 304 would put its headers in place of those of the page it says is still good.
            if message["type"] == "http.response.start" and message["status"] != 304:
                self._add(MutableHeaders(raw=message["headers"]))
            await send(message)

        await self.app(scope, receive, answer)

    def _add(self, headers: MutableHeaders) -> None:
        is_page = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("Content-Security-Policy", self.page_policy if is_page else DATA_POLICY)
        headers.setdefault("Cache-Control", "no-store")
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if self.https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
