-- migrate:up

-- Every word as it stands ('simple': whatever the language, and for words that are not yet
-- finished) and its English stem; those of the title weigh more. A mark stands between the
-- four parts, that no phrase reaches from one into the next.
ALTER TABLE items ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
	setweight(to_tsvector('english', title), 'A')
	|| '''='':1'::tsvector || to_tsvector('english', coalesce(description, ''))
	|| '''='':1'::tsvector || setweight(to_tsvector('simple', title), 'A')
	|| '''='':1'::tsvector || to_tsvector('simple', coalesce(description, ''))) STORED;

CREATE INDEX items_search ON items USING gin (search);

-- What a person typed, as websearch_to_tsquery reads it (it fails on nothing), with one
-- addition: the last word may be the beginning of one. Not where it is a stop word, or is to
-- be missing; within "a phrase" by its stem. Words that are all to be missing find nothing:
-- no index tells what has them not.
CREATE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	words text := websearch_to_tsquery('english', typed)::text;
	stem text := substring(words FROM '''[^'']*''$');
	word text := substring(websearch_to_tsquery('simple', typed)::text FROM '''[^'']*''$');
BEGIN
	IF querytree(words::tsquery) IN ('', 'T') THEN
		RETURN '';
	END IF;
	IF stem IS NULL OR word IS NULL OR words ~ '''''|!''[^'']*''$'
		OR to_tsvector('english', word) = '' THEN
		RETURN words;
	END IF;
	IF words ~ '> ''[^'']*''$' THEN
		RETURN words || ':*';
	END IF;
	RETURN left(words, -length(stem)) || '( ' || stem || ' | ' || word || ':* )';
END
$$;

-- migrate:down

DROP FUNCTION search_query(text);
DROP INDEX items_search;
ALTER TABLE items DROP COLUMN search;
