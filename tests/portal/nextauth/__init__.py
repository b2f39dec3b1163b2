"""The portal speaks NextAuth v4: pure wire, the real npm package beside it, a certified provider."""
