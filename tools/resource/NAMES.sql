-- migrate:up

CREATE TABLE @names@ (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
%for fields
	@field@ @column@,
%end
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- The default order of the caller's own rows, and of everyone's. Other orders sort the caller's own
-- rows: add an index if those are many.
CREATE INDEX @names@_of_owner_by_created_at ON @names@ (owner_id, created_at, id);
CREATE INDEX @names@_by_created_at ON @names@ (created_at, id);
%for indexes
CREATE INDEX @names@_by_@field@ ON @names@ (@field@, created_at, id); -- for the foreign key
%end

-- migrate:down

DROP TABLE @names@;
