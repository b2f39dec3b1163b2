"""GET and POST /oidc/v1/end_session, and the back-channel logout it causes.

The one thing a newcomer would get wrong: the browser is sent on even when a client does not answer its
back-channel call; that failure is logged and the session here has ended all the same.
"""

import asyncio

import aiohttp
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aidial_identity.authorize import SESSION_COOKIE
from aidial_identity.config import Client
from aidial_identity.faults import PageError
from aidial_identity.pages import page
from aidial_identity.provider import Provider
from aidial_identity.requests import provider_from, read_parameters, with_query
from aidial_identity.state import Session
from aidial_identity.tokens import ID_TOKEN, issue_logout_token

BACKCHANNEL_TIMEOUT_S = 3.0
log = structlog.get_logger("aidial_identity")


async def end_session(request: Request) -> Response:
    """End the browser's session (unless a hint names somebody else) and go where the client asked."""
    provider = provider_from(request)
    parameters = await read_parameters(request)
    hint = hinted_claims(provider, parameters)
    client = asking_client(provider, parameters, hint)
    target = parameters.get("post_logout_redirect_uri") if client else None
    if client is not None and target is not None and target not in client.post_logout_redirect_uris:
        raise PageError(
            400,
            "This sign-out link is not valid",
            "The application is not registered with the address it wants to send you to. "
            "You are still signed in.",
        )
    session = provider.state.session_of(request.cookies.get(SESSION_COOKIE, ""), provider.now())
    meant = session is not None and is_meant(provider, session, parameters.get("logout_hint"), hint)
    if session is not None and meant:
        told = provider.state.end_session(session.sid)
        log.info("session.ended", subject=session.subject)
        await tell_clients(provider, told, session)
    if target is not None:
        response: Response = RedirectResponse(with_query(target, {"state": parameters.get("state")}), 302)
    else:
        response = page("problem.html", heading="You are signed out", advice="You can close this page.")
    if meant:
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return response


def hinted_claims(provider: Provider, parameters: dict[str, str]) -> dict[str, object] | None:
    """The claims of id_token_hint; an expired one is fine, one that is not ours is PageError (400)."""
    if "id_token_hint" not in parameters:
        return None
    claims = provider.keys.verify(parameters["id_token_hint"], ID_TOKEN)
    if claims is None or claims.get("iss") != provider.config.issuer:
        raise PageError(
            400, "This sign-out link is not valid", "Go back to the application and sign out again."
        )
    return claims


def asking_client(
    provider: Provider, parameters: dict[str, str], hint: dict[str, object] | None
) -> Client | None:
    """The client named by client_id, else by the hint; PageError (400) when they differ or it is unknown."""
    named = parameters.get("client_id")
    hinted = str(hint["azp"]) if hint else None
    client = provider.clients.get(named or hinted or "")
    if (named or hinted) and (client is None or (named and hinted and named != hinted)):
        raise PageError(
            400, "This sign-out link is not valid", "Go back to the application and sign out again."
        )
    return client


def is_meant(
    provider: Provider, session: Session, logout_hint: str | None, hint: dict[str, object] | None
) -> bool:
    """Whether a request means this session: the hints, where given, must name its person or its sid."""
    if hint is not None and session.subject != hint.get("sub"):
        return False
    if logout_hint is None:
        return True
    account = provider.by_subject.get(session.subject)
    names = {session.sid, session.subject, account.email.casefold() if account else session.subject}
    return logout_hint in names or logout_hint.strip().casefold() in names


async def tell_clients(provider: Provider, client_ids: list[str], session: Session) -> None:
    """POST a logout token to every client that held tokens of the session, all at once, within 3 s."""
    clients = [provider.clients[client_id] for client_id in client_ids if client_id in provider.clients]
    told = [client for client in clients if client.backchannel_logout_uri]
    if not told:
        return
    timeout = aiohttp.ClientTimeout(total=BACKCHANNEL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        await asyncio.gather(*(tell_client(provider, http, client, session) for client in told))


async def tell_client(
    provider: Provider, http: aiohttp.ClientSession, client: Client, session: Session
) -> None:
    """One back-channel call; whatever goes wrong is logged."""
    form = {"logout_token": issue_logout_token(provider, client, session.subject, session.sid)}
    try:
        uri = client.backchannel_logout_uri or ""
        async with http.post(uri, data=form, allow_redirects=False) as response:
            accepted = response.status in {200, 204}
            log.info(
                "backchannel.told", client_id=client.client_id, accepted=accepted, status=response.status
            )
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        log.warning("backchannel.failed", client_id=client.client_id, reason=type(error).__name__)
