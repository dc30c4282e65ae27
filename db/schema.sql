-- The schema that the migrations create, by pg_dump. After a change: ./dev schema

CREATE FUNCTION uuid_v7() RETURNS uuid
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
DECLARE
	us bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
	RETURN (lpad(to_hex(us / 1000), 12, '0')
		|| '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
		|| substr(gen_random_uuid()::text, 20))::uuid;
END
$$;

CREATE TABLE audit_events (
    id uuid DEFAULT uuid_v7() NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    actor_id uuid,
    actor_kind text NOT NULL,
    target text,
    ip text,
    user_agent text,
    request_id text,
    detail jsonb,
    CONSTRAINT audit_events_action_check CHECK (((char_length(action) >= 1) AND (char_length(action) <= 100))),
    CONSTRAINT audit_events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['anonymous'::text, 'user'::text, 'api_key'::text, 'system'::text, 'cli'::text]))),
    CONSTRAINT audit_events_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text])))
);

CREATE FUNCTION audit_events_forget(days integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    BEGIN ATOMIC
 SELECT set_config('audit.prune'::text, 'on'::text, true) AS set_config;
 WITH gone AS (
          DELETE FROM audit_events
           WHERE (audit_events.id = ANY (ARRAY( SELECT audit_events_1.id
                    FROM audit_events audit_events_1
                   WHERE (audit_events_1.at < (now() - make_interval(days => GREATEST(audit_events_forget.days, 30))))
                   ORDER BY audit_events_1.at
                  LIMIT 10000)))
           RETURNING audit_events.id
         )
  SELECT count(*) AS count
    FROM gone;
END;

CREATE FUNCTION audit_events_guard() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	IF TG_OP = 'DELETE' AND current_setting('audit.prune', true) = 'on' THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION jobs_running(name text) RETURNS bigint
    LANGUAGE sql
    AS $$
	SELECT pg_advisory_xact_lock(hashtext('jobs_running'));
	SELECT count(*) FROM jobs WHERE status = 'running' AND queue = name;
$$;

CREATE FUNCTION search_query(typed text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
DECLARE
	endings CONSTANT text[] := '{al,d,ed,ent,es,ess,g,ing,ion,ity,ive,ize,led,lity,m,n,nal,ng,'
		'nt,on,r,s,ss,ted,tion,tive,ty,ul,us,ve,y,ze}';
	words text := websearch_to_tsquery('english', typed)::text;
	stem text := substring(words FROM '''([^'']*)''$');
	word text := substring(websearch_to_tsquery('simple', typed)::text FROM '''([^'']*)''$');
	completed text;
BEGIN
	IF words = '' THEN
		words := websearch_to_tsquery('english_words', typed)::text;
		word := NULL;
	END IF;
	IF querytree(words::tsquery) IN ('', 'T') THEN
		RETURN '';
	END IF;
	IF stem IS NULL OR word IS NULL OR words ~ '''''|!''[^'']*''$'
		OR to_tsvector('english', word) = '' THEN
		RETURN words;
	END IF;
	IF word ~ '^[[:alpha:]]+$' THEN
		completed := (SELECT string_agg(DISTINCT ' | ''' || s || '''', '')
			FROM unnest(endings) AS e, LATERAL unnest(ts_lexize('english_words', word || e)) AS s
			WHERE NOT starts_with(s, word));
	END IF;
	RETURN format('%s( ''%s'' | ''%s'':*%s )', left(words, -length(stem) - 2), stem, word, completed);
END
$_$;

CREATE FUNCTION search_words(config regconfig, title text, body text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
BEGIN
	RETURN setweight(to_tsvector(config, title), 'A')
		|| '''='':1'::tsvector || to_tsvector(config, coalesce(body, ''));
END
$$;

CREATE TEXT SEARCH DICTIONARY english_words (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );

CREATE TEXT SEARCH CONFIGURATION english_words (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR asciiword WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR word WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR hword_part WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR hword_asciipart WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR asciihword WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR hword WITH english_words;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION english_words
    ADD MAPPING FOR uint WITH simple;

CREATE TABLE api_keys (
    id uuid DEFAULT uuid_v7() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_keys_scopes_check CHECK ((cardinality(scopes) > 0))
)
WITH (fillfactor='90');

CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL,
    hash uuid NOT NULL,
    fingerprint uuid NOT NULL,
    status integer NOT NULL,
    body text NOT NULL,
    location text,
    etag text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_status_check CHECK (((status >= 200) AND (status <= 299)))
);

CREATE TABLE items (
    id uuid DEFAULT uuid_v7() NOT NULL,
    owner_id uuid NOT NULL,
    title text NOT NULL,
    description text,
    status text DEFAULT 'active'::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    search tsvector GENERATED ALWAYS AS (search_words('english_words'::regconfig, title, description)) STORED NOT NULL,
    CONSTRAINT items_description_check CHECK ((char_length(description) <= 5000)),
    CONSTRAINT items_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'archived'::text]))),
    CONSTRAINT items_title_check CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200)))
);

CREATE TABLE job_crons (
    name text NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE job_pauses (
    queue text NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE job_totals (
    task text NOT NULL,
    result text NOT NULL,
    cells bigint[] NOT NULL
);

CREATE TABLE jobs (
    key bigint NOT NULL,
    id uuid DEFAULT uuid_v7() NOT NULL,
    kind text NOT NULL,
    queue text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    owner_id uuid,
    unique_key text,
    timeout integer DEFAULT 60 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 10 NOT NULL,
    progress smallint DEFAULT 0 NOT NULL,
    result jsonb,
    error text,
    errors jsonb DEFAULT '[]'::jsonb NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    stop_at timestamp with time zone,
    lease bigint,
    lease_until timestamp with time zone,
    request_id text,
    traceparent text,
    CONSTRAINT jobs_kind_check CHECK (((char_length(kind) >= 1) AND (char_length(kind) <= 100))),
    CONSTRAINT jobs_lease_check CHECK (((status = 'running'::text) = (lease IS NOT NULL))),
    CONSTRAINT jobs_priority_check CHECK (((priority >= '-1000'::integer) AND (priority <= 1000))),
    CONSTRAINT jobs_progress_check CHECK (((progress >= 0) AND (progress <= 100))),
    CONSTRAINT jobs_queue_check CHECK (((char_length(queue) >= 1) AND (char_length(queue) <= 100))),
    CONSTRAINT jobs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'scheduled'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

ALTER TABLE jobs ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME jobs_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE mail_tokens (
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    account_email text NOT NULL,
    security_version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT mail_tokens_purpose_check CHECK ((purpose = ANY (ARRAY['verify'::text, 'change'::text, 'reset'::text]))),
    CONSTRAINT mail_tokens_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

CREATE TABLE mails (
    id uuid DEFAULT uuid_v7() NOT NULL,
    recipient text NOT NULL,
    template text NOT NULL,
    subject text NOT NULL,
    body text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT mails_recipient_check CHECK (((octet_length(recipient) >= 3) AND (octet_length(recipient) <= 254)))
);

CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    parent_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    spent_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT refresh_tokens_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

CREATE TABLE schema_migration_checksums (
    version character varying(128) NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE schema_migrations (
    version character varying(128) NOT NULL
);

CREATE TABLE sessions (
    id uuid DEFAULT uuid_v7() NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ip text,
    user_agent text,
    password_failures integer DEFAULT 0 NOT NULL,
    confirmed_at timestamp with time zone DEFAULT now() NOT NULL,
    cookie_hash bytea,
    former_cookie_hash bytea,
    cookie_changed_at timestamp with time zone,
    CONSTRAINT sessions_cookie_hash_check CHECK ((octet_length(cookie_hash) = 32))
);

CREATE TABLE tasks (
    id uuid DEFAULT uuid_v7() NOT NULL,
    owner_id uuid NOT NULL,
    title text NOT NULL,
    description text,
    status text DEFAULT 'todo'::text NOT NULL,
    due_at timestamp with time zone,
    completed_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tasks_completed_at_check CHECK (((completed_at IS NOT NULL) = (status = 'done'::text))),
    CONSTRAINT tasks_description_check CHECK ((char_length(description) <= 5000)),
    CONSTRAINT tasks_status_check CHECK ((status = ANY (ARRAY['todo'::text, 'in_progress'::text, 'done'::text]))),
    CONSTRAINT tasks_title_check CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200)))
);

CREATE TABLE users (
    id uuid DEFAULT uuid_v7() NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    full_name text,
    role text DEFAULT 'member'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    security_version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT users_email_check CHECK (((octet_length(email) >= 3) AND (octet_length(email) <= 254))),
    CONSTRAINT users_full_name_check CHECK (((char_length(full_name) >= 1) AND (char_length(full_name) <= 200))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'member'::text, 'admin'::text, 'owner'::text])))
);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_prefix_key UNIQUE (prefix);

ALTER TABLE ONLY audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, hash);

ALTER TABLE ONLY items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY job_crons
    ADD CONSTRAINT job_crons_pkey PRIMARY KEY (name);

ALTER TABLE ONLY job_pauses
    ADD CONSTRAINT job_pauses_pkey PRIMARY KEY (queue);

ALTER TABLE ONLY job_totals
    ADD CONSTRAINT job_totals_pkey PRIMARY KEY (task, result);

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_key_key UNIQUE (key);

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY mail_tokens
    ADD CONSTRAINT mail_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);

ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY schema_migration_checksums
    ADD CONSTRAINT schema_migration_checksums_pkey PRIMARY KEY (version);

ALTER TABLE ONLY schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_of_user ON api_keys USING btree (user_id, created_at, id);

CREATE INDEX audit_events_by_action ON audit_events USING btree (action, at, id);

CREATE INDEX audit_events_by_at ON audit_events USING btree (at, id);

CREATE INDEX audit_events_by_outcome ON audit_events USING btree (outcome, at, id);

CREATE INDEX audit_events_of_actor ON audit_events USING btree (actor_id, at, id);

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys USING brin (created_at);

CREATE INDEX items_by_created_at ON items USING btree (created_at, id);

CREATE INDEX items_of_owner_by_created_at ON items USING btree (owner_id, created_at, id);

CREATE INDEX items_search ON items USING gin (search);

CREATE INDEX jobs_by_queued_at ON jobs USING btree (queued_at, id);

CREATE INDEX jobs_by_status ON jobs USING btree (status, queued_at, id);

CREATE INDEX jobs_finished ON jobs USING btree (finished_at) WHERE (status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text]));

CREATE INDEX jobs_of_owner ON jobs USING btree (owner_id, queued_at, id) WHERE (owner_id IS NOT NULL);

CREATE INDEX jobs_queued ON jobs USING btree (queue, priority DESC, run_at, key) WHERE (status = 'queued'::text);

CREATE INDEX jobs_running ON jobs USING btree (lease) WHERE (status = 'running'::text);

CREATE INDEX jobs_scheduled ON jobs USING btree (run_at) WHERE (status = 'scheduled'::text);

CREATE INDEX jobs_unfinished_of_owner ON jobs USING btree (owner_id) WHERE ((owner_id IS NOT NULL) AND (status = ANY (ARRAY['queued'::text, 'scheduled'::text, 'running'::text])));

CREATE UNIQUE INDEX jobs_unique_key ON jobs USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (status = ANY (ARRAY['queued'::text, 'scheduled'::text, 'running'::text])));

CREATE INDEX mail_tokens_of_user ON mail_tokens USING btree (user_id, purpose);

CREATE INDEX mails_by_created_at ON mails USING btree (created_at);

CREATE INDEX mails_of_recipient ON mails USING btree (lower(recipient), template, created_at);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens USING btree (session_id);

CREATE UNIQUE INDEX sessions_cookie_hash_key ON sessions USING btree (cookie_hash) WHERE (cookie_hash IS NOT NULL);

CREATE UNIQUE INDEX sessions_former_cookie_hash_key ON sessions USING btree (former_cookie_hash) WHERE (former_cookie_hash IS NOT NULL);

CREATE INDEX sessions_of_user ON sessions USING btree (user_id, created_at, id);

CREATE INDEX tasks_by_created_at ON tasks USING btree (created_at, id);

CREATE INDEX tasks_of_owner_by_created_at ON tasks USING btree (owner_id, created_at, id);

CREATE INDEX users_by_created_at ON users USING btree (created_at, id);

CREATE INDEX users_by_email ON users USING btree (email, id);

CREATE UNIQUE INDEX users_email_key ON users USING btree (lower(email));

CREATE TRIGGER audit_events_guard BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_events_guard();

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY items
    ADD CONSTRAINT items_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY mail_tokens
    ADD CONSTRAINT mail_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY schema_migration_checksums
    ADD CONSTRAINT schema_migration_checksums_version_fkey FOREIGN KEY (version) REFERENCES schema_migrations(version) ON DELETE CASCADE;

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY tasks
    ADD CONSTRAINT tasks_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

