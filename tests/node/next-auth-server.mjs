// The real next-auth 4 behind a plain HTTP server: the app-router handler, with Next's two request helpers stood in.
// argv[2]: JSON {nextauthUrl, secret, issuer, clientId, clientSecret, scope, maxAge}. Prints {"port"} when ready.
import { createServer } from "node:http"
import Module, { createRequire } from "node:module"

const require = createRequire(import.meta.url)
const settings = JSON.parse(process.argv[2])
process.env.NEXTAUTH_URL = settings.nextauthUrl
process.env.NEXTAUTH_SECRET = settings.secret

let current
const { parse } = require("cookie")
const nextHeaders = {
  headers: () => new Headers(current.headers),
  cookies: () => ({
    getAll: () => Object.entries(parse(current.headers.cookie ?? "")).map(([name, value]) => ({ name, value })),
  }),
}
const load = Module._load
Module._load = (name, ...rest) => (name === "next/headers" ? nextHeaders : load(name, ...rest))

const NextAuth = require("next-auth/next").default
const Zitadel = require("next-auth/providers/zitadel").default
const silent = () => {}
const handler = NextAuth({
  providers: [
    Zitadel({
      issuer: settings.issuer,
      clientId: settings.clientId,
      clientSecret: settings.clientSecret,
      authorization: { params: { scope: settings.scope } },
    }),
  ],
  session: { strategy: "jwt", maxAge: settings.maxAge },
  jwt: { maxAge: settings.maxAge },
  pages: { signIn: "/sign-in", error: "/sign-in" },
  logger: { error: silent, warn: silent, debug: silent },
  callbacks: {
    session: ({ session, token }) => (token.role ? { ...session, role: token.role } : session),
  },
})

async function answer(req, res) {
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  const url = new URL(req.url, "http://portal.test")
  const hasBody = req.method === "POST" && chunks.length > 0
  const request = new Request(url, {
    method: req.method,
    headers: req.headers,
    body: hasBody ? Buffer.concat(chunks) : undefined,
  })
  Object.defineProperty(request, "nextUrl", { value: url })
  const nextauth = url.pathname.split("/").slice(3)
  current = req
  const response = await handler(request, { params: { nextauth } })
  res.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== "set-cookie") res.setHeader(name, value)
  res.setHeader("set-cookie", response.headers.getSetCookie())
  res.end(Buffer.from(await response.arrayBuffer()))
}

const server = createServer((req, res) => {
  answer(req, res).catch((error) => {
    res.statusCode = 500
    res.end(`${error.name}`)
  })
})
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })))
