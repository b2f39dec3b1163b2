"""What the portal and the API agree on: errors, envelopes, roles, scope kinds, ids, names, wire shapes.

Pure data and pure functions. The one thing a newcomer would get wrong: nothing here may import a web
framework, a database driver or either app; import-linter refuses it.
"""
