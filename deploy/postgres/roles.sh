#!/bin/sh
# Roles and database, made by an administrator. Runs as it is in the PostgreSQL image; anywhere else:
#   AIDIAL_OWNER_PASSWORD=... AIDIAL_APP_PASSWORD=... PGHOST=... PGUSER=postgres deploy/postgres/roles.sh
# aidial_owner owns and migrates and is no superuser, aidial_app is what the API connects as, aidial_lookup owns the
# look-ups and cannot log in. psql reads the passwords from the environment: they are in no process list and never SQL.
set -eu
: "${AIDIAL_OWNER_PASSWORD:?}" "${AIDIAL_APP_PASSWORD:?}"
psql -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-${PGUSER:-postgres}}" -d postgres <<'SQL'
\getenv owner AIDIAL_OWNER_PASSWORD
\getenv app AIDIAL_APP_PASSWORD
CREATE ROLE aidial_owner LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE aidial_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app';
CREATE ROLE aidial_lookup NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT aidial_lookup TO aidial_owner WITH ADMIN OPTION;
GRANT aidial_app TO aidial_owner WITH ADMIN OPTION;
CREATE DATABASE aidial OWNER aidial_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE aidial FROM PUBLIC;
GRANT CONNECT ON DATABASE aidial TO aidial_app;
\connect aidial
ALTER SCHEMA public OWNER TO aidial_owner;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
SQL
