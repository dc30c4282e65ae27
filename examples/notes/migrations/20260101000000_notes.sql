-- migrate:up

CREATE TABLE notes (
	id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
	body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 2000),
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX notes_by_created_at ON notes (created_at, id);

-- migrate:down

DROP TABLE notes;
