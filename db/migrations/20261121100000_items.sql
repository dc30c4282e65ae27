-- migrate:up

CREATE TABLE items (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT items_id_key UNIQUE,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	title text NOT NULL CONSTRAINT items_title_check CHECK (char_length(title) BETWEEN 1 AND 200),
	description text
		CONSTRAINT items_description_check CHECK (char_length(description) <= 5000),
	status text NOT NULL DEFAULT 'active'
		CONSTRAINT items_status_check CHECK (status IN ('draft', 'active', 'archived')),
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- One index for each order of a list, of one's own items and of everybody's; the id
-- breaks ties. A list by status has them in the default order alone: in the others it
-- passes over the items of another status.
CREATE INDEX items_of_owner_by_created_at ON items (owner_id, created_at, id);
CREATE INDEX items_of_owner_by_updated_at ON items (owner_id, updated_at, id);
CREATE INDEX items_of_owner_by_title ON items (owner_id, title, id);
CREATE INDEX items_of_owner_by_status ON items (owner_id, status, created_at, id);
CREATE INDEX items_by_created_at ON items (created_at, id);
CREATE INDEX items_by_updated_at ON items (updated_at, id);
CREATE INDEX items_by_title ON items (title, id);
CREATE INDEX items_by_status ON items (status, created_at, id);

-- migrate:down

DROP TABLE items;
