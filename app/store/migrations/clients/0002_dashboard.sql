-- Clients as the dashboard looks for them: by the beginning of any of their words.

CREATE FUNCTION client_words(first_name text, last_name text, company text, email text, phone text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple'::regconfig, regexp_replace(
    lower(replace(replace(replace(replace(
        translate(
            normalize(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company, '') || ' '
                || coalesce(email, '') || ' ' || coalesce(phone, ''), NFC),
            'ÀÁÂÃÄÅàáâãäåÇçÈÉÊËèéêëÌÍÎÏìíîïÑñÒÓÔÕÖòóôõöÙÚÛÜùúûüÝŸýÿ',
            'AAAAAAaaaaaaCcEEEEeeeeIIIIiiiiNnOOOOOoooooUUUUuuuuYYyy'
        ),
        'Œ', 'OE'), 'œ', 'oe'), 'Æ', 'AE'), 'æ', 'ae')),
    '[^a-z0-9]+', ' ', 'g'));

CREATE INDEX clients_words ON clients USING gin (client_words(first_name, last_name, company, email, phone));
CREATE INDEX clients_created_at ON clients (created_at DESC, id DESC);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'voicebot_dashboard') THEN
        BEGIN
            CREATE ROLE voicebot_dashboard LOGIN;
        EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
            RAISE NOTICE 'role voicebot_dashboard is to be made by hand';
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'voicebot_dashboard') THEN
        GRANT SELECT ON clients TO voicebot_dashboard;
    END IF;
END
$$;
