-- migrate:up

CREATE TABLE @names@ (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
@columns@	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- The default order of the rows of each owner and each reference, and of all rows.
@indexes@
-- migrate:down

DROP TABLE @names@;
