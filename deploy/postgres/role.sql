-- Run once, by the image, when the volume is empty: the service gets a role that owns its database
-- and nothing else. The superuser is then without a password, and so only for `exec` beside it.

-- A password has no place in the log, however much is logged.
SET log_min_duration_statement = -1;
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

\set password `cat /run/secrets/database-password`
CREATE ROLE casualties LOGIN PASSWORD :'password';
CREATE DATABASE casualties OWNER casualties;
REVOKE CONNECT ON DATABASE casualties FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
