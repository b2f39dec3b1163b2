"""The pages people see: plain forms, no script.

The one thing a newcomer would get wrong: Chromium applies `form-action` to every redirect that follows a
form, so a sign-in page must name the origin of the client it will send the person back to.
"""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from aidial_identity.faults import PageError

TEMPLATES = Environment(
    loader=PackageLoader("aidial_identity"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def page(template: str, status: int = 200, form_target: str = "", **values: Any) -> HTMLResponse:
    """Render a template. `form_target` is the origin that a form on it may end at, besides our own."""
    response = HTMLResponse(TEMPLATES.get_template(template).render(**values), status)
    form_action = f"'self' {form_target}".strip() if form_target else "'none'"
    response.headers["content-security-policy"] = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    return response


def error_page(error: PageError) -> HTMLResponse:
    """The page of a request that cannot go on."""
    return page("problem.html", error.status, heading=error.heading, advice=error.advice)


async def stylesheet(_: Request) -> Response:
    """GET /assets/identity.css."""
    source = TEMPLATES.get_template("identity.css").render()
    return Response(source, media_type="text/css", headers={"cache-control": "public, max-age=3600"})
