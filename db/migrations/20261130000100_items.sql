-- migrate:up

CREATE TABLE items (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
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

-- The default order of the caller's own items, and of everyone's.
CREATE INDEX items_of_owner_by_created_at ON items (owner_id, created_at, id);
CREATE INDEX items_by_created_at ON items (created_at, id);

-- English stems, as in 'english', but of the stop words too: "The Who" can be searched.
CREATE TEXT SEARCH DICTIONARY english_words (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION english_words (COPY = english);
ALTER TEXT SEARCH CONFIGURATION english_words
	ALTER MAPPING REPLACE english_stem WITH english_words;

-- The words of a title, which weigh more, and of a text. The mark between them is a word that nobody
-- can type: no phrase spans both. In a function, because PostgreSQL plans the expression of a column
-- again for every insert, which costs almost as much as parsing the words.
CREATE FUNCTION search_words(config regconfig, title text, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	RETURN setweight(to_tsvector(config, title), 'A')
		|| '''='':1'::tsvector || to_tsvector(config, coalesce(body, ''));
END
$$;

ALTER TABLE items ADD COLUMN search tsvector NOT NULL
	GENERATED ALWAYS AS (search_words('english_words', title, description)) STORED;

CREATE INDEX items_search ON items USING gin (search);

-- Reads what a person typed, like websearch_to_tsquery, which never fails. The last word may be
-- incomplete: it also finds the words that begin with it, and the stems of the word with each of
-- these endings ("runni" + "ng" -> "run"). The endings complete each beginning of each of 63,849
-- English words to its stem. Stop words are ignored, unless there are no others. If all words are
-- negated, nothing is found, because no index contains what is missing.
CREATE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
$$;

-- migrate:down

DROP FUNCTION search_query(text);
DROP TABLE items;
DROP FUNCTION search_words(regconfig, text, text);
DROP TEXT SEARCH CONFIGURATION english_words;
DROP TEXT SEARCH DICTIONARY english_words;
