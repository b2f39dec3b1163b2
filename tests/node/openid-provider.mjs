// A certified OpenID provider with npm's development sign-in forms: any password signs in.
// argv[2]: JSON {clients, people}. Prints {"issuer"} when ready.
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
    claims: { openid: ["sub"], profile: ["name", "picture"], email: ["email"] },
    scopes: ["openid", "offline_access"],
    rotateRefreshToken: true,
    ttl: { AccessToken: 600 },
    findAccount: async (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...settings.people[sub] }),
    }),
  })
  server.on("request", provider.callback())
  console.log(JSON.stringify({ issuer }))
})
