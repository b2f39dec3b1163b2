"""NextAuth v4's wire, in Python: cookies, encryption, CSRF and the actions under `/api/auth/`.

What a newcomer gets wrong: these bytes are shared with the npm package `next-auth` (4.24). A change here
that looks like a tidy-up signs everybody out or breaks `next-auth/react`; `tests/portal/nextauth` runs the
real package beside this one.
"""
