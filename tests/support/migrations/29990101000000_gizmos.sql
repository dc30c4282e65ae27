-- migrate:up

CREATE TABLE gizmos (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	title text NOT NULL CONSTRAINT gizmos_title_check CHECK (char_length(title) BETWEEN 1 AND 200),
	description text
		CONSTRAINT gizmos_description_check CHECK (char_length(description) <= 5000),
	status text NOT NULL DEFAULT 'active'
		CONSTRAINT gizmos_status_check CHECK (status IN ('draft', 'active', 'archived')),
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- The default order of the caller's own gizmos, and of everyone's.
CREATE INDEX gizmos_of_owner_by_created_at ON gizmos (owner_id, created_at, id);
CREATE INDEX gizmos_by_created_at ON gizmos (created_at, id);

CREATE TABLE parts (
	id uuid PRIMARY KEY DEFAULT uuid_v7(),
	gizmo_id uuid NOT NULL REFERENCES gizmos (id) ON DELETE CASCADE,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name text NOT NULL CONSTRAINT parts_name_check CHECK (char_length(name) BETWEEN 1 AND 50),
	number bigint CONSTRAINT parts_number_check CHECK (number BETWEEN 1 AND 99),
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX parts_of_gizmo ON parts (gizmo_id, created_at, id);
CREATE INDEX parts_of_owner ON parts (owner_id);

CREATE TABLE labels (
	id uuid PRIMARY KEY DEFAULT uuid_v7(),
	slug text NOT NULL UNIQUE
		CONSTRAINT labels_slug_check CHECK (char_length(slug) BETWEEN 1 AND 100),
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	text text CONSTRAINT labels_text_check CHECK (char_length(text) <= 50),
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX labels_of_owner_by_created_at ON labels (owner_id, created_at, id);
CREATE INDEX labels_by_created_at ON labels (created_at, id);

-- migrate:down

DROP TABLE labels;
DROP TABLE parts;
DROP TABLE gizmos;
