-- migrate:up

CREATE TABLE @names@ (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT @names@_id_key UNIQUE,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
%for fields
	@field@ @column@,
%end
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- An index for each order of a list, and one for each filter in the default order: drop those
-- of lists that nobody asks for.
CREATE INDEX @names@_of_owner_by_created_at ON @names@ (owner_id, created_at, id);
CREATE INDEX @names@_of_owner_by_updated_at ON @names@ (owner_id, updated_at, id);
%for indexes
CREATE INDEX @names@_of_owner_by_@field@ ON @names@ (owner_id, @index_columns@);
%end
CREATE INDEX @names@_by_created_at ON @names@ (created_at, id);
CREATE INDEX @names@_by_updated_at ON @names@ (updated_at, id);
%for indexes
CREATE INDEX @names@_by_@field@ ON @names@ (@index_columns@);
%end

-- migrate:down

DROP TABLE @names@;
