// next-auth/jwt as a line protocol: one JSON question a line on stdin, one JSON answer a line on stdout.
import { createInterface } from "node:readline"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)
const { encode, decode, getToken } = require("next-auth/jwt")
const { parse } = require("cookie")

const answers = {
  encode: ({ token, secret, salt, maxAge }) => encode({ token, secret, salt, maxAge }),
  decode: async ({ token, secret, salt }) => {
    try {
      return await decode({ token, secret, salt })
    } catch {
      return null
    }
  },
  getToken: ({ cookie, secret, secureCookie }) =>
    getToken({ req: { headers: {}, cookies: parse(cookie) }, secret, secureCookie }),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...question } = JSON.parse(line)
  console.log(JSON.stringify({ answer: await answers[ask](question) }))
}
