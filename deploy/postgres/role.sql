-- The image runs this once, when the volume is empty. It creates the service's role, which owns its
-- database and nothing else, and removes the superuser's password: the superuser can then log in
-- only from inside the container (`exec`).

-- Keep the password out of the log, whatever the log level.
SET log_min_duration_statement = -1;
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

\set password `cat /run/secrets/database-password`
CREATE ROLE casualties LOGIN PASSWORD :'password';
CREATE DATABASE casualties OWNER casualties;
REVOKE CONNECT ON DATABASE casualties FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
