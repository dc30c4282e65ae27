-- migrate:up

CREATE TABLE tasks (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	title text NOT NULL CONSTRAINT tasks_title_check CHECK (char_length(title) BETWEEN 1 AND 200),
	description text
		CONSTRAINT tasks_description_check CHECK (char_length(description) <= 5000),
	status text NOT NULL DEFAULT 'todo'
		CONSTRAINT tasks_status_check CHECK (status IN ('todo', 'in_progress', 'done')),
	due_at timestamptz,
	completed_at timestamptz
		CONSTRAINT tasks_completed_at_check CHECK ((completed_at IS NOT NULL) = (status = 'done')),
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- The default order of the caller's own tasks, and of everyone's.
CREATE INDEX tasks_of_owner_by_created_at ON tasks (owner_id, created_at, id);
CREATE INDEX tasks_by_created_at ON tasks (created_at, id);

-- migrate:down

DROP TABLE tasks;
