"""Known answers, made once by npm's next-auth 4.24.15 and @panva/hkdf; the tokens expire in 2096."""

SECRET = "harbour-dental-vector-secret-0123456789"
SECURE_STATE = "__Secure-next-auth.state"

SESSION_KEY_HEX = "c227131fa9768fd21cc76c80314e2d8c864df7e0b292d3fadceba57bbf4944ad"
STATE_KEY_HEX = "05b80fe85234c6ffe62661e5325297d85b75d951249caec3fac842873054c451"

SESSION_JWE = (
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..k-lHz77jCMTpa_9z.O2vbZbh6Lb4Ug5s2hBWal7-fqfLVxJ3vhRBLfgXTdxlm"
    "wIayYWcVkx6O4ozQ9E3HkXzcVO3Q8BDjwG2H2sf38Id2D-sg9dliQuJVIduvVkVY7ZGbUZhX0b6uBpU-vlbHMlGfNFv_LWmntMVXSqv"
    "OcXSiLrjkxtUbiNPUGGNZy-FNTeqUUuMML5Illtksc00.1TobhG7Mx-wQkT_8yNretQ"
)
STATE_JWE = (
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..LIG0yQ-OZNiM9zdl.vABrAEfDaDRVQseJs45CG-D8y75hbKw_awTpC_2_0S2zX"
    "7m5lSLFrMnE6pqx39QnNTux5Jtu7lrpxG_Tr_ZLfumZiKd6cYFZmt3-jf4dFULMMs9KUR5pQQB18zGEU_qXKuSGAfbFQ44LIFKvwG-yv"
    "46X.L4fPGkT4X4JBerJ5st241w"
)

CSRF_TOKEN = "a" * 64
CSRF_HASH = "f423f45b4698c65dfe9591af29b8b0f5334fc362031288539052d52af077dbbd"
