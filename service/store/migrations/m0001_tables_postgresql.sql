-- The tables in PostgreSQL: the same as those of SQLite after its step 0011_refs. Frozen, like every
-- migration. Text is compared byte by byte (COLLATE "C"), as in SQLite.

CREATE FUNCTION json_each (list TEXT) RETURNS TABLE (value TEXT)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10
AS $$ SELECT jsonb_array_elements_text(list::jsonb) $$;
-- It replaces SQLite's table-valued function of the same name, as far as queries.sql uses it. With the
-- default estimate of a thousand rows, the planner would scan whole tables for a few ids.


CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    request BIGINT NOT NULL,
    recorded_at TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    CONSTRAINT seq_counts_from_one CHECK (seq >= 1),
    CONSTRAINT request_is_not_after CHECK (request BETWEEN 1 AND seq),
    CONSTRAINT recorded_at_is_an_instant
        CHECK (recorded_at ~ '^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z$'),
    CONSTRAINT body_is_an_object CHECK (json_typeof(body::json) = 'object'),
    CONSTRAINT hash_is_whole CHECK (length(hash) = 64)
);
CREATE INDEX events_by_subject ON events (subject, seq);
CREATE INDEX events_by_time ON events (recorded_at);
CREATE INDEX events_by_request ON events (request);
CREATE INDEX events_redacted ON events (seq) WHERE kind = 'redacted';

CREATE FUNCTION events_follow () RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before RECORD;
BEGIN
    SELECT seq, recorded_at INTO before FROM events ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> 1 + coalesce(before.seq, 0) THEN
        RAISE EXCEPTION 'the ledger has no gaps';
    END IF;
    IF NEW.recorded_at < before.recorded_at THEN
        RAISE EXCEPTION 'the ledger goes forward in time';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION events_stay () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is never changed'; END $$;
CREATE TRIGGER events_follow BEFORE INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION events_follow();
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_stay();

CREATE TABLE texts (
    seq BIGINT NOT NULL REFERENCES events (seq),
    pointer TEXT COLLATE "C" NOT NULL,
    salt TEXT COLLATE "C",
    text TEXT COLLATE "C",
    CONSTRAINT texts_pk PRIMARY KEY (seq, pointer),
    CONSTRAINT blanked_as_a_whole CHECK ((salt IS NULL) = (text IS NULL))
);
CREATE FUNCTION texts_are_only_blanked () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.pointer <> OLD.pointer THEN
        RAISE EXCEPTION 'a text can be blanked, not changed';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION texts_stay () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a text can be blanked, not removed'; END $$;
CREATE TRIGGER texts_are_only_blanked BEFORE UPDATE ON texts
    FOR EACH ROW EXECUTE FUNCTION texts_are_only_blanked();
CREATE TRIGGER texts_stay BEFORE DELETE OR TRUNCATE ON texts
    FOR EACH STATEMENT EXECUTE FUNCTION texts_stay();


CREATE TABLE entries (
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    since_seq BIGINT NOT NULL,
    until_seq BIGINT,
    name_folded TEXT COLLATE "C" NOT NULL,
    names_folded TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    CONSTRAINT entries_pk PRIMARY KEY (kind, id, since_seq),
    CONSTRAINT kind_is_known CHECK (kind IN ('place', 'group', 'reporter')),
    CONSTRAINT until_is_after_since CHECK (until_seq > since_seq),
    CONSTRAINT parent_is_another CHECK (parent <> id),
    CONSTRAINT reporters_are_no_tree CHECK (kind <> 'reporter' OR parent IS NULL),
    CONSTRAINT groups_are_one_tree
        CHECK (kind <> 'group' OR (parent IS NULL) = (id = 'everyone'))
);
CREATE UNIQUE INDEX entries_now ON entries (kind, id) WHERE until_seq IS NULL;
CREATE INDEX entries_below ON entries (kind, parent);
CREATE INDEX entries_named ON entries (kind, name_folded) WHERE until_seq IS NULL;
INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, body)
VALUES ('group', 'everyone', 0, 'everyone', 'everyone', '{"id":"everyone","name":"Everyone"}');

CREATE TABLE merges (
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    into_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL REFERENCES events (seq),
    CONSTRAINT merges_pk PRIMARY KEY (kind, id),
    CONSTRAINT into_is_another CHECK (into_id <> id)
);
CREATE INDEX merges_into ON merges (kind, into_id);


CREATE TABLE reports (
    seq BIGINT PRIMARY KEY REFERENCES events (seq),
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    recorded_at TEXT COLLATE "C" NOT NULL,
    reporter TEXT COLLATE "C" NOT NULL,
    ref TEXT COLLATE "C",
    content_hash TEXT COLLATE "C" NOT NULL,
    stance TEXT COLLATE "C" NOT NULL,
    relays TEXT COLLATE "C" REFERENCES reports (id),
    origin TEXT COLLATE "C" REFERENCES reports (id),
    supersedes TEXT COLLATE "C" REFERENCES reports (id),
    superseded_seq BIGINT REFERENCES events (seq),
    superseded_by TEXT COLLATE "C",
    retracted_seq BIGINT REFERENCES events (seq),
    first_day BIGINT,
    last_day BIGINT,
    place_ids TEXT COLLATE "C" NOT NULL,
    group_ids TEXT COLLATE "C" NOT NULL,
    caveats TEXT COLLATE "C" NOT NULL,
    quote_folded TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    CONSTRAINT stance_is_known CHECK (stance IN
        ('asserts', 'does_not_acknowledge', 'declines_to_say', 'acknowledges')),
    CONSTRAINT a_relay_has_an_origin CHECK ((relays IS NULL) = (origin IS NULL)),
    CONSTRAINT superseded_by_one CHECK ((superseded_seq IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT superseded_after CHECK (superseded_seq > seq),
    CONSTRAINT retracted_after CHECK (retracted_seq > seq)
);
CREATE INDEX reports_by_any_ref ON reports (reporter, ref) WHERE ref IS NOT NULL;
CREATE INDEX reports_by_reporter ON reports (reporter, seq);

CREATE TABLE figures (
    id TEXT COLLATE "C" PRIMARY KEY,
    report TEXT COLLATE "C" NOT NULL REFERENCES reports (id),
    position BIGINT NOT NULL,
    reporter TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL REFERENCES events (seq),
    low BIGINT NOT NULL,
    high BIGINT,
    soft_low BIGINT NOT NULL,
    soft_high BIGINT NOT NULL,
    best BIGINT,
    outcomes BIGINT NOT NULL,
    first_day BIGINT,
    last_day BIGINT NOT NULL,
    incident TEXT COLLATE "C",
    reclassifies TEXT COLLATE "C" REFERENCES figures (id),
    disclosed BIGINT NOT NULL,
    place_ids TEXT COLLATE "C" NOT NULL,
    group_ids TEXT COLLATE "C" NOT NULL,
    wording_folded TEXT COLLATE "C",
    CONSTRAINT position_is_free UNIQUE (report, position),
    CONSTRAINT low_counts_people CHECK (low BETWEEN 0 AND 1000000000),
    CONSTRAINT high_is_not_below_low CHECK (high BETWEEN low AND 1000000000),
    CONSTRAINT best_is_within CHECK (best >= low AND (high IS NULL OR best <= high)),
    CONSTRAINT outcomes_are_a_set CHECK (outcomes BETWEEN 1 AND 15),
    CONSTRAINT days_are_in_order CHECK (first_day <= last_day),
    CONSTRAINT flags_are_flags
        CHECK (soft_low IN (0, 1) AND soft_high IN (0, 1) AND disclosed IN (0, 1))
);
CREATE INDEX figures_in_order ON figures (seq, position);
CREATE INDEX figures_by_scope ON figures (last_day, substr(place_ids, 1, 200), seq);
CREATE INDEX figures_by_reporter ON figures (reporter, last_day, seq);

CREATE TABLE report_places (
    place TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL REFERENCES reports (seq),
    CONSTRAINT report_places_pk PRIMARY KEY (place, seq)
);
CREATE TABLE report_groups (
    group_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL REFERENCES reports (seq),
    CONSTRAINT report_groups_pk PRIMARY KEY (group_id, seq)
);
CREATE TABLE report_words (
    word TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL REFERENCES reports (seq),
    CONSTRAINT report_words_pk PRIMARY KEY (word, seq)
);
CREATE INDEX report_words_of ON report_words (seq);


CREATE TABLE keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    secret_hash TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    revoked_at TEXT COLLATE "C",
    reporters TEXT COLLATE "C" NOT NULL DEFAULT '',
    expires_at TEXT COLLATE "C",
    last_used_at TEXT COLLATE "C",
    CONSTRAINT scope_is_known CHECK (scope IN ('read', 'report', 'admin')),
    CONSTRAINT secret_is_hashed CHECK (length(secret_hash) = 64),
    CONSTRAINT only_who_reports_is_bound CHECK (reporters = '' OR scope = 'report')
);

CREATE TABLE answers (
    holder TEXT COLLATE "C" NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    told TEXT COLLATE "C" NOT NULL,
    until TEXT COLLATE "C" NOT NULL,
    CONSTRAINT answers_pk PRIMARY KEY (holder, request, key),
    CONSTRAINT fingerprint_is_whole CHECK (length(fingerprint) = 64)
);
CREATE INDEX answers_by_end ON answers (until);


-- Counters of the rate limit: not part of the record, and lost at a crash.
CREATE UNLOGGED TABLE counts (
    who TEXT COLLATE "C" PRIMARY KEY,
    began DOUBLE PRECISION NOT NULL,
    requests BIGINT NOT NULL
);
CREATE INDEX counts_by_age ON counts (began);
