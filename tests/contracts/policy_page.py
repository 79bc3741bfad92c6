"""docs/policy-matrix.md: what each role may do, and which right each route asks for, read from the code itself."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, get_args

from shared.policy import RIGHTS, Action
from tests.contracts.apps import BUILT, routes_of

ACTIONS: tuple[str, ...] = get_args(Action)
OURS = ("services.", "shared.")
OPEN_TO_ALL = frozenset({"/health/live", "/health/ready", "/metrics", "/version"})
# Routes that no right guards, each with what guards it instead.
NO_RIGHT = {
    "/api/portal/session": "says who is signed in, and to strangers that nobody is",
    "/api/portal/stream": "any role in the square; each view of it asks for the right to read that view",
    "/api/{service}/{path:path}": "passes on with the caller's own rights; the service behind decides",
    "/api/health_station/appointments/record/{space_id}/{local_date}": "a health record's token, good for this alone",
    "/api/counters/push/{make}": "a device's token, good for its own counters alone",
    "/auth/login": "leads to the identity provider",
    "/auth/callback": "the identity provider's answer, bound to the browser that asked",
    "/auth/logout": "ends the caller's own session",
    "/auth/backchannel-logout": "a signed token of the identity provider",
    "/accessibility": "a page for everybody",
    "/tilgjengelighet": "a page for everybody",
    "/demo": "a page for everybody, in a demo only",
    "/plain.css": "a file for everybody",
    "/{path:path}": "the web app's files; what they show is asked for with the rights above",
}

INTRODUCTION = """\
# Who may do what

Made from `shared/policy.py` and the routes of every service by `make golden`; a test keeps it current. Do not edit by
hand. What is not said here is refused. A role is held in a scope: one square, one unit, or all of them (`*`).
"""


def text() -> str:
    return "\n".join([INTRODUCTION, *_rights(), "", *_routes()]) + "\n"


def _rights() -> Iterator[str]:
    yield "## Roles\n"
    yield f"| | {' | '.join(role.replace('_', ' ') for role in RIGHTS)} |"
    yield f"|---|{':-:|' * len(RIGHTS)}"
    for action in ACTIONS:
        yield f"| `{action}` | {' | '.join('yes' if action in held else '' for held in RIGHTS.values())} |"


def _routes() -> Iterator[str]:
    yield "## Routes\n"
    yield (
        "The rights a route may ask for; which of them a request needs may depend on what it asks. "
        f"Every service also has {', '.join(f'`{path}`' for path in sorted(OPEN_TO_ALL))}, which need no token.\n"
    )
    yield "| Service | Route | Rights |"
    yield "|---|---|---|"
    for service in BUILT:
        for method, route in routes_of(service):
            if route.path not in OPEN_TO_ALL:
                rights = ", ".join(f"`{action}`" for action in asked_by(route.endpoint))
                yield f"| {service} | `{method} {route.path}` | {rights or NO_RIGHT.get(route.path, '**none**')} |"


def asked_by(endpoint: Callable[..., Any]) -> list[str]:
    """The actions named in the endpoint or in what it calls of ours, in the order of the policy."""
    found: set[str] = set()
    seen: set[Any] = set()
    waiting: list[Any] = [endpoint]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        names, called = _read(function)
        found |= names
        waiting += called
    return [action for action in ACTIONS if action in found]


@cache
def _read(function: FunctionType) -> tuple[frozenset[str], tuple[FunctionType, ...]]:
    """The actions a function names, and the functions of ours that it mentions."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = inspect.getclosurevars(function)
    names = {**known.globals, **known.nonlocals} | _globals(function, tree)
    actions = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in ACTIONS}
    called = [_meant(node, names) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
    return frozenset(actions), tuple(one for one in called if _is_ours(one))


def _globals(function: FunctionType, tree: ast.AST) -> dict[str, Any]:
    """Also what only a nested function or a default mentions."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return {name: value for name, value in function.__globals__.items() if name in used}


def _meant(node: ast.expr, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = names.get(node.value.id)
        return getattr(owner, node.attr, None) if isinstance(owner, ModuleType | type) else None
    return None


def _is_ours(value: Any) -> bool:
    """A lambda's source is the whole line it stands in, which says nothing about it."""
    return (
        isinstance(value, FunctionType)
        and value.__name__ != "<lambda>"
        and value.__module__.startswith(OURS)
        and value.__module__ != "shared.policy"
    )
