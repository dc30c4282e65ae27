-- migrate:up

CREATE TABLE users (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT users_id_key UNIQUE,
	email text NOT NULL CONSTRAINT users_email_check CHECK (octet_length(email) BETWEEN 3 AND 254),
	password_hash text NOT NULL,
	full_name text CONSTRAINT users_full_name_check CHECK (char_length(full_name) BETWEEN 1 AND 200),
	role text NOT NULL DEFAULT 'member'
		CONSTRAINT users_role_check CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
	is_active boolean NOT NULL DEFAULT true,
	email_verified_at timestamptz,
	last_login_at timestamptz,
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- One account an address, whatever its capitals.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- One index for each order of the list; the id breaks ties.
CREATE INDEX users_by_created_at ON users (created_at, id);
CREATE INDEX users_by_email ON users (email, id);

-- migrate:down

DROP TABLE users;
