-- GIN over a room's id too: a search looks into the reader's rooms only, however much is said in the others.
CREATE EXTENSION IF NOT EXISTS btree_gin;
--> statement-breakpoint
-- How texts are compared: compatible forms made one, accents removed, lower case. unaccent is STABLE only because its dictionary
-- can be replaced; after that, rebuild the index.
CREATE FUNCTION chat_fold(content text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
  RETURN lower(public.unaccent('public.unaccent'::regdictionary, normalize(content, NFKC)));
END;
$$;
--> statement-breakpoint
-- The words of a folded text as English and Spanish stem them, and as they stand: for Vietnamese, names and numbers. The Spanish
-- stemmer knows "-ción" by its accent, so that comes back for it.
CREATE FUNCTION chat_search_document(folded text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector('pg_catalog.english', folded)
  || to_tsvector('pg_catalog.spanish', regexp_replace(folded, '([cs])ion\M', '\1ión', 'g'))
  || to_tsvector('pg_catalog.simple', folded);
--> statement-breakpoint
-- What a person asks for, in the words of chat_search_document: any text is a query, nothing is a syntax error.
CREATE FUNCTION chat_search_query(asked text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN websearch_to_tsquery('pg_catalog.english', chat_fold(asked))
  || websearch_to_tsquery('pg_catalog.spanish', regexp_replace(chat_fold(asked), '([cs])ion\M', '\1ión', 'g'))
  || websearch_to_tsquery('pg_catalog.simple', chat_fold(asked));
--> statement-breakpoint
-- The text as it stands, anywhere: `%`, `_` and `\` mean themselves. Escaped after folding, which makes plain ones of wide ones.
-- NULL, which matches nothing, where folding leaves nothing.
CREATE FUNCTION chat_search_pattern(asked text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '%' || nullif(regexp_replace(btrim(chat_fold(asked)), '([\\%_])', '\\\1', 'g'), '') || '%';
