"""GET and POST /oauth/v2/authorize: check the request, then answer at once or ask the person to sign in.

The one thing a newcomer would get wrong: PKCE with S256 is not optional here, not even with a client secret.
"""

import re
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aidial_identity.config import Client
from aidial_identity.faults import PageError, RedirectError
from aidial_identity.provider import AuthRequest, Code, Provider, SignIn
from aidial_identity.requests import provider_from, read_parameters, with_query
from aidial_identity.state import Session
from aidial_identity.tokens import new_grant_id

SESSION_COOKIE = "aidial_identity_session"
BROWSER_COOKIE = "aidial_identity_browser"
PROMPTS = frozenset({"none", "login", "select_account"})
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


async def authorize(request: Request) -> Response:
    """Answer with a code when the browser is signed in well enough, else with the sign-in page."""
    provider = provider_from(request)
    parameters = await read_parameters(request)
    client, redirect_uri = known_client(provider, parameters)
    asked = checked_request(client, redirect_uri, parameters)
    session = provider.state.session_of(request.cookies.get(SESSION_COOKIE, ""), provider.now())
    if session is not None and suffices(provider, asked, session):
        return RedirectResponse(redirect_with_code(provider, asked, session), 302)
    if "none" in asked.prompt:
        raise RedirectError(redirect_uri, asked.state, "login_required", "The person has to sign in.")
    return start_sign_in(provider, asked, request.cookies.get(BROWSER_COOKIE))


def known_client(provider: Provider, parameters: dict[str, str]) -> tuple[Client, str]:
    """The client and its redirect_uri; PageError (400) unless both are registered as sent."""
    client = provider.clients.get(parameters.get("client_id", ""))
    redirect_uri = parameters.get("redirect_uri", "")
    if client is None or redirect_uri not in client.redirect_uris:
        raise PageError(
            400,
            "This sign-in link is not valid",
            "The application that sent you here is not registered with this address. "
            "Go back to it and start again; if that does not help, tell whoever runs it.",
        )
    return client, redirect_uri


def checked_request(client: Client, redirect_uri: str, parameters: dict[str, str]) -> AuthRequest:
    """The request, every parameter checked. RedirectError names what is wrong to the client."""
    problem = first_problem(parameters)
    if problem is not None:
        raise RedirectError(redirect_uri, parameters.get("state"), *problem)
    max_age = parameters.get("max_age")
    return AuthRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=tuple(dict.fromkeys(parameters["scope"].split())),
        code_challenge=parameters["code_challenge"],
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        prompt=frozenset(parameters.get("prompt", "").split()),
        max_age_s=int(max_age) if max_age is not None else None,
        login_hint=parameters.get("login_hint"),
    )


def first_problem(parameters: dict[str, str]) -> tuple[str, str] | None:
    """The first thing wrong with a request as (error, description), or None."""
    prompt = set(parameters.get("prompt", "").split())
    checks = (
        ("request" not in parameters, "request_not_supported", "Request objects are not supported."),
        ("request_uri" not in parameters, "request_uri_not_supported", "Request objects are not supported."),
        ("response_type" in parameters, "invalid_request", "response_type is missing."),
        (
            parameters.get("response_type") == "code",
            "unsupported_response_type",
            "response_type must be code.",
        ),
        (
            parameters.get("response_mode", "query") == "query",
            "invalid_request",
            "response_mode must be query.",
        ),
        ("openid" in parameters.get("scope", "").split(), "invalid_scope", "The scope must include openid."),
        (
            parameters.get("code_challenge_method") == "S256"
            and CHALLENGE.fullmatch(parameters.get("code_challenge", "")) is not None,
            "invalid_request",
            "A code_challenge with code_challenge_method S256 is required.",
        ),
        (
            prompt <= PROMPTS and not ("none" in prompt and len(prompt) > 1),
            "invalid_request",
            "prompt must be none, login or select_account.",
        ),
        (
            re.fullmatch(r"[0-9]{1,9}", parameters.get("max_age", "0")) is not None,
            "invalid_request",
            "max_age must be a number of seconds.",
        ),
    )
    return next(((error, description) for fine, error, description in checks if not fine), None)


def suffices(provider: Provider, asked: AuthRequest, session: Session) -> bool:
    """Whether a session answers the request without asking the person anything."""
    account = provider.by_subject.get(session.subject)
    if account is None or asked.prompt & {"login", "select_account"}:
        return False
    if asked.login_hint and asked.login_hint.strip().casefold() != account.email.casefold():
        return False
    age_s = provider.now() - session.auth_time
    return asked.max_age_s is None or age_s < asked.max_age_s


def redirect_with_code(provider: Provider, asked: AuthRequest, session: Session) -> str:
    """The client's redirect_uri with a fresh code, the state and our issuer (RFC 9207)."""
    code = provider.keep_code(
        Code(
            request=asked,
            subject=session.subject,
            sid=session.sid,
            auth_time=session.auth_time,
            amr=session.amr,
            expires_at=provider.clock() + provider.config.lifetimes.code_s,
            grant_id=new_grant_id(),
        )
    )
    answer = {"code": code, "state": asked.state, "iss": provider.config.issuer}
    return with_query(asked.redirect_uri, answer)


def start_sign_in(provider: Provider, asked: AuthRequest, browser: str | None) -> Response:
    """Keep the request and send the browser to its sign-in page; the two are bound by a cookie."""
    browser = browser or secrets.token_urlsafe(24)
    sign_in = SignIn(
        request=asked,
        browser=browser,
        csrf=secrets.token_urlsafe(24),
        expires_at=provider.clock() + provider.config.lifetimes.sign_in_s,
    )
    request_id = provider.keep_sign_in(sign_in)
    response = RedirectResponse(with_query("/ui/login", {"request": request_id}), 302)
    response.set_cookie(BROWSER_COOKIE, browser, httponly=True, samesite="lax", path="/")
    return response


async def redirect_error(request: Request, error: RedirectError) -> Response:
    """Send a refusal back to the client."""
    answer = {
        "error": error.error,
        "error_description": error.description,
        "state": error.state,
        "iss": provider_from(request).config.issuer,
    }
    return RedirectResponse(with_query(error.redirect_uri, answer), 302)
