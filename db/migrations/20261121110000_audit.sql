-- migrate:up

-- Who did what, and who was refused what. Nothing refers to accounts here: an event
-- outlives what it tells of.
CREATE TABLE audit_events (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT audit_events_id_key UNIQUE,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	action text NOT NULL
		CONSTRAINT audit_events_action_check CHECK (char_length(action) BETWEEN 1 AND 100),
	outcome text NOT NULL
		CONSTRAINT audit_events_outcome_check CHECK (outcome IN ('success', 'failure')),
	actor_id uuid,
	actor_kind text NOT NULL CONSTRAINT audit_events_actor_kind_check
		CHECK (actor_kind IN ('anonymous', 'user', 'api_key', 'system', 'cli')),
	target text,
	ip text,
	user_agent text,
	request_id text,
	detail jsonb
);

CREATE INDEX audit_events_by_at ON audit_events (at, id);
CREATE INDEX audit_events_of_actor ON audit_events (actor_id, at, id);
CREATE INDEX audit_events_by_action ON audit_events (action, at, id);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome, at, id);

-- Append-only. Every role but the table's owner loses what would let it change the log;
-- where the application is the owner, this trigger at least keeps a mistake from it.
CREATE FUNCTION audit_events_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND current_setting('audit.prune', true) = 'on' THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
	FOR EACH STATEMENT EXECUTE FUNCTION audit_events_guard();

DO $$
DECLARE
	other text;
BEGIN
	FOR other IN
		SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
		FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = 'audit_events'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE format('REVOKE ALL ON audit_events FROM %s', other);
		EXECUTE format('GRANT SELECT, INSERT ON audit_events TO %s', other);
	END LOOP;
END
$$;

-- migrate:down

DROP TABLE audit_events;
DROP FUNCTION audit_events_guard();
