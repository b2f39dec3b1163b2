"""NextAuth v4's wire, in Python: cookies, encryption, CSRF and the actions under `/api/auth/`.

What a newcomer gets wrong: these bytes are shared with the npm package `next-auth` (4.24). A change here
that looks like a tidy-up signs everybody out or breaks `next-auth/react`; `tests/portal/nextauth` runs the
real package beside this one.

Different from next-auth on purpose:
- a session ends with its registration (`absolute_expires_at`), a revoked one is `{}`, and a token without
  `exp` is none; tokens have one spelling (strict base64url, `dir` with `A256GCM` only);
- a callback URL that is no URL, is longer than 2048 characters or holds control characters becomes the
  portal's origin instead of a 500; a bad callback-url cookie is deleted with the 500 it causes;
- query parameters of a sign-in cannot replace client, redirect, response type, state, challenge or nonce;
  `callbackUrl` is not shown to the issuer; a form may bring `login_hint`;
- sign-out revokes, clears `aidial.csrf`, sends `Clear-Site-Data`, goes on to the issuer's end-session page;
- the error page writes its code encoded, and `Default` where next-auth writes `undefined`;
- name and e-mail come from userinfo when the ID token lacks them; every asymmetric algorithm that discovery
  names is accepted, not RS256 alone; `_log` is answered and not written down;
- HEAD is answered as GET is, as everywhere in the portal; any other method but POST, and a path with a per
  cent sign or a slash behind its only word, is the portal's own 404.
"""
