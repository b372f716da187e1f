-- What supervisors see and change: who may read, quick filters and search, and every change with who and when.

-- Words as they are compared: no case, no accents. Accents go before lower(), so any collation will do.
CREATE FUNCTION plain_words(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN lower(replace(replace(replace(replace(
    translate(
        normalize(written, NFC),
        'ÀÁÂÃÄÅàáâãäåÇçÈÉÊËèéêëÌÍÎÏìíîïÑñÒÓÔÕÖòóôõöÙÚÛÜùúûüÝŸýÿ',
        'AAAAAAaaaaaaCcEEEEeeeeIIIIiiiiNnOOOOOoooooUUUUuuuuYYyy'
    ),
    'Œ', 'OE'), 'œ', 'oe'), 'Æ', 'AE'), 'æ', 'ae'));

-- All that was said in a call, and its summary. Cut, since a tsvector holds 1 MB and a ticket must never be refused for
-- its length; an hour of talk is below 0.2 MB.
CREATE FUNCTION ticket_words(summary text, transcript jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.french'::regconfig, plain_words(left(
    coalesce(summary, '') || ' ' || coalesce(jsonb_path_query_array(transcript, '$[*].text')::text, ''), 200000)));

-- assignee: who takes care of it. call_status: how the call itself left the ticket, once somebody changed the status.
-- words: kept, not made anew for each look: a search for "words together" or -without has to see each ticket that the
-- index offers, which took 5 s of 100 000 tickets.
ALTER TABLE tickets
    ADD COLUMN assignee text CHECK (length(assignee) BETWEEN 1 AND 80),
    ADD COLUMN call_status text,
    ADD COLUMN words tsvector GENERATED ALWAYS AS (ticket_words(summary, transcript)) STORED;

-- Figures, charts and filters read this index alone, in the order of the page.
CREATE INDEX tickets_overview ON tickets (started_at DESC, id DESC) INCLUDE (
    duration_seconds, ended_at, problem_type, status, call_status, sentiment, asterisk, caller_number, client_id, assignee
);
CREATE INDEX tickets_words ON tickets USING gin (words);
DROP INDEX tickets_started_at;

CREATE TABLE ticket_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 80),
    what text NOT NULL CHECK (what IN ('status', 'assignee', 'comment')),
    before text,
    after text CHECK (length(after) <= 4000)
);
CREATE INDEX ticket_changes_ticket ON ticket_changes (ticket_id, id);

-- The one way to change a ticket by hand: no change without its line in ticket_changes, whoever asks.
-- `seen` is the value that the supervisor saw: what somebody else changed meanwhile is not overwritten.
CREATE FUNCTION change_ticket(number bigint, who text, what text, seen text, wanted text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    ticket tickets%ROWTYPE;
    present text;
    change bigint;
BEGIN
    SELECT * INTO ticket FROM tickets WHERE id = number FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no ticket %', number USING ERRCODE = 'no_data_found';
    END IF;
    present := CASE what WHEN 'status' THEN ticket.status WHEN 'assignee' THEN ticket.assignee END;
    IF what <> 'comment' AND present IS DISTINCT FROM seen THEN
        RAISE EXCEPTION 'ticket % was changed meanwhile', number USING ERRCODE = 'serialization_failure';
    END IF;
    IF what = 'status' THEN
        UPDATE tickets SET status = wanted, call_status = coalesce(call_status, status) WHERE id = number;
    ELSIF what = 'assignee' THEN
        UPDATE tickets SET assignee = wanted WHERE id = number;
    END IF;
    INSERT INTO ticket_changes (ticket_id, changed_by, what, before, after)
    VALUES (number, who, change_ticket.what, present, wanted) RETURNING id INTO change;
    RETURN change;
END
$$;
REVOKE ALL ON FUNCTION change_ticket FROM PUBLIC;

-- Who reads may do nothing else; who supervises may call that one function. Their passwords are set elsewhere, and where
-- this role may not make roles, they are made before.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['voicebot_dashboard', 'voicebot_supervisor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN', name);
            EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
                RAISE NOTICE 'role % is to be made by hand', name;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('GRANT SELECT ON tickets, ticket_changes TO %I', name);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'voicebot_supervisor') THEN
        GRANT EXECUTE ON FUNCTION change_ticket TO voicebot_supervisor;
    END IF;
END
$$;
