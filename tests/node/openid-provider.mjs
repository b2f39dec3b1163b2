// A certified OpenID provider with npm's development sign-in forms: any password signs in.
// argv[2]: JSON {clients, people, audience?}. Prints {"issuer"} when ready. With an audience, access tokens are
// JWTs for that API. A person is their claims, what they showed (`amr`) and how long their first access token lives.
import { generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import Provider from "oidc-provider"

const settings = JSON.parse(process.argv[2])
const key = (kid, alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
  kid,
  alg,
  use: "sig",
})

const isFirst = (token) => token.gty === "authorization_code"

const server = createServer()
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: settings.clients,
    jwks: {
      keys: [
        key("rsa", "RS256", "rsa", { modulusLength: 2048 }),
        key("ec", "ES256", "ec", { namedCurve: "P-256" }),
        key("ed", "EdDSA", "ed25519", {}),
      ],
    },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    cookies: { keys: ["only-for-tests"] },
    claims: { openid: ["sub", "amr"], profile: ["name", "picture"], email: ["email", "email_verified"] },
    scopes: ["openid", "offline_access"],
    // Its own would refuse to tell a portal on loopback that somebody signed out.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    rotateRefreshToken: true,
    ttl: { AccessToken: (_ctx, token) => (isFirst(token) && settings.people[token.accountId]?.firstTokenS) || 600 },
    features: {
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        defaultResource: () => settings.audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience: settings.audience,
          scope: "",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    findAccount: async (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...settings.people[sub] }),
    }),
  })
  // The forms ask for no second factor.
  const finish = provider.interactionFinished.bind(provider)
  provider.interactionFinished = (req, res, result, options) => {
    const { login } = result
    const shown = login && { login: { ...login, amr: settings.people[login.accountId]?.amr } }
    return finish(req, res, { ...result, ...shown }, options)
  }
  server.on("request", provider.callback())
  console.log(JSON.stringify({ issuer }))
})
