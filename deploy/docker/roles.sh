#!/bin/sh
# Creates the database and its two roles (SECURITY.md), with the passwords of the services' URLs.
# The PostgreSQL image runs it once, on an empty data folder.
set -eu

password_in() { sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "/run/secrets/$1"; }

psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<SQL
CREATE ROLE app_owner LOGIN PASSWORD '$(password_in migrate_database_url)';
CREATE ROLE app LOGIN PASSWORD '$(password_in database_url)';
CREATE DATABASE app OWNER app_owner;
\\c app
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE ON SCHEMAS TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
SQL
