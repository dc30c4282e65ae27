-- migrate:up

-- Forgets what the audit log has kept for so many days, at most 10,000 events a call, and
-- returns how many. With the owner's rights, so that the application can call it from a job
-- without being able to change the log: whatever it asks for, 30 days stay. The body is bound
-- to the table when it is made; no search_path leads it astray.
CREATE FUNCTION audit_events_forget(days integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
	SELECT set_config('audit.prune', 'on', true); -- until the transaction ends
	WITH gone AS (
		DELETE FROM audit_events WHERE key = ANY (ARRAY(
			SELECT key FROM audit_events
			WHERE at < now() - make_interval(days => greatest(days, 30))
			ORDER BY at LIMIT 10000))
		RETURNING key)
	SELECT count(*) FROM gone;
END;

-- For who may write the log, and nobody else.
REVOKE ALL ON FUNCTION audit_events_forget(integer) FROM PUBLIC;

DO $$
DECLARE
	other text;
BEGIN
	FOR other IN
		SELECT DISTINCT a.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = 'audit_events'::regclass AND a.privilege_type = 'INSERT'
			AND a.grantee NOT IN (0, c.relowner)
	LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION audit_events_forget(integer) TO %s', other);
	END LOOP;
END
$$;

-- migrate:down

DROP FUNCTION audit_events_forget(integer);
