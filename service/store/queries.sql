-- Every statement that the store runs, in the SQL that SQLite and PostgreSQL share.
--
-- `-- name:` begins a statement, which Python asks for by that name; `-- part:` begins a piece that
-- stands in others as {its_name}. Values are bound as :names. What the engines do not share:
--   json_each(...)  is SQLite's own; in PostgreSQL it is made with the tables (postgresql/tables.sql)
--   INDEXED BY ...  tells SQLite which index serves; PostgreSQL chooses, and is not told


-- The ledger -----------------------------------------------------------------------------------

-- part: line
SELECT seq, request, recorded_at, kind, subject, actor, body, hash FROM events

-- name: ledger_put
INSERT INTO events (seq, request, recorded_at, kind, subject, actor, body, hash)
VALUES (:seq, :request, :recorded_at, :kind, :subject, :actor, :body, :hash)

-- name: ledger_after
{line} WHERE seq > :after ORDER BY seq

-- name: ledger_page
{line} WHERE seq > :after ORDER BY seq LIMIT :limit

-- name: ledger_of
{line} WHERE subject = :subject
AND kind IN (SELECT value FROM json_each(CAST(:kinds AS TEXT))) ORDER BY seq

-- name: ledger_entry
{line} WHERE seq = :seq

-- name: ledger_last
SELECT seq, hash, recorded_at FROM events ORDER BY seq DESC LIMIT 1

-- name: ledger_last_seq
SELECT coalesce(max(seq), 0) FROM events

-- name: ledger_last_redaction
SELECT coalesce(max(seq), 0) FROM events WHERE kind = 'redacted'

-- name: ledger_moment
SELECT max(seq) FROM events WHERE request = (SELECT request FROM events WHERE seq = :seq)

-- name: ledger_seq_at
SELECT coalesce(max(seq), 0) FROM events WHERE recorded_at <= :moment

-- name: ledger_hash
SELECT hash FROM events WHERE seq = :seq

-- name: ledger_recorded_at
SELECT recorded_at FROM events WHERE seq = :seq

-- name: ledger_happenings
SELECT seq, recorded_at, kind, subject, CASE kind WHEN 'reported' THEN '{}' ELSE body END
FROM events WHERE seq > :after AND seq <= :until ORDER BY seq

-- name: texts_keep
INSERT INTO texts (seq, pointer, salt, text) VALUES (:seq, :pointer, :salt, :text)

-- name: texts_of
SELECT seq, pointer, text, salt FROM texts
WHERE seq IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(:seqs AS TEXT)))
ORDER BY seq, pointer

-- name: texts_blanked
SELECT seq, pointer FROM texts WHERE text IS NULL AND seq <= :until ORDER BY seq, pointer

-- name: texts_blank
UPDATE texts SET salt = NULL, text = NULL WHERE seq = :seq AND pointer = :pointer


-- Places, groups and reporters -----------------------------------------------------------------

-- name: entry_now
SELECT id, body FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL

-- name: entries_now_of
SELECT id, body FROM entries WHERE kind = :kind AND until_seq IS NULL
AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) ORDER BY id

-- name: entry_last_described
SELECT id, body FROM entries WHERE kind = :kind AND id = :id ORDER BY since_seq DESC LIMIT 1

-- name: entry_put
INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, parent, body)
VALUES (:kind, :id, :since_seq, :name_folded, :names_folded, :parent, :body)

-- name: entry_end
UPDATE entries SET until_seq = :seq WHERE kind = :kind AND id = :id AND until_seq IS NULL

-- name: entries_as_of
SELECT kind, id, body FROM entries
WHERE since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq) ORDER BY kind, id

-- name: entries_of_ids
SELECT id, body FROM entries
WHERE kind = :kind AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
AND since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq)

-- name: entries_page
SELECT id, body FROM entries WHERE kind = :kind AND until_seq IS NULL AND id > :after {clauses}
ORDER BY id LIMIT :limit

-- part: of_names
AND names_folded LIKE :pattern ESCAPE '!'

-- name: entries_of_length
SELECT id FROM entries WHERE kind = :kind AND until_seq IS NULL
AND length(id) BETWEEN :least AND :most ORDER BY id LIMIT 20000

-- name: entries_unknown
SELECT value FROM json_each(CAST(:ids AS TEXT)) WHERE NOT EXISTS
    (SELECT 1 FROM entries WHERE kind = :kind AND id = value AND since_seq <= :seq)
ORDER BY value

-- name: entries_of_names
SELECT name_folded, id FROM (
    SELECT name_folded, id, row_number() OVER (PARTITION BY name_folded ORDER BY id) AS place
    FROM entries WHERE kind = :kind AND until_seq IS NULL
    AND name_folded IN (SELECT value FROM json_each(CAST(:names AS TEXT)))
) AS named WHERE place <= 20 ORDER BY name_folded, id

-- name: entries_right_below
SELECT id, body FROM entries WHERE kind = :kind AND parent = :parent AND until_seq IS NULL
ORDER BY id

-- name: entry_below
SELECT 1 FROM entries WHERE kind = :kind AND parent = :parent AND until_seq IS NULL LIMIT 1

-- name: entry_above
WITH RECURSIVE above (id) AS (
    SELECT id FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL
    UNION
    SELECT parent FROM above CROSS JOIN entries INDEXED BY entries_now
    WHERE entries.id = above.id AND kind = :kind AND until_seq IS NULL AND parent IS NOT NULL
) SELECT 1 FROM above WHERE id = :top

-- name: entries_below
-- All that lies below the ids after one entry, with all that was merged into any of it.
WITH RECURSIVE below (id) AS (
    SELECT id FROM entries
    WHERE kind = :kind AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
    UNION
    SELECT entries.id FROM below CROSS JOIN entries INDEXED BY entries_below
    WHERE entries.parent = below.id AND entries.kind = :kind
    AND since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq)
), all_ids (id) AS (
    SELECT id FROM below
    UNION
    SELECT merges.id FROM all_ids CROSS JOIN merges INDEXED BY merges_into
    WHERE merges.into_id = all_ids.id AND merges.kind = :kind AND merges.seq <= :seq
) SELECT id FROM all_ids

-- name: merge_put
INSERT INTO merges (kind, id, into_id, seq) VALUES (:kind, :id, :into_id, :seq)

-- name: merge_of
SELECT into_id FROM merges WHERE kind = :kind AND id = :id

-- name: merges_until
SELECT kind, id, into_id FROM merges WHERE seq <= :seq ORDER BY seq, kind, id

-- name: merged_into
WITH RECURSIVE same (id) AS (
    SELECT id FROM merges WHERE kind = :kind AND into_id = :id
    UNION
    SELECT merges.id FROM same CROSS JOIN merges INDEXED BY merges_into
    WHERE merges.into_id = same.id AND merges.kind = :kind
) SELECT id FROM same ORDER BY id


-- Reports --------------------------------------------------------------------------------------

-- part: state
CASE
    WHEN retracted_seq <= :seq THEN 'retracted'
    WHEN superseded_seq <= :seq THEN 'superseded'
    WHEN relays IS NOT NULL THEN 'relay'
    ELSE 'live' END

-- part: report
SELECT body, seq, recorded_at, {state}, origin,
    CASE WHEN superseded_seq <= :seq THEN superseded_by END,
    CASE WHEN retracted_seq <= :seq THEN retracted_seq END
FROM reports

-- name: report_put
INSERT INTO reports (id, seq, recorded_at, reporter, ref, stance, relays, origin, supersedes,
    first_day, last_day, place_ids, group_ids, content_hash, caveats, quote_folded, body)
VALUES (:id, :seq, :recorded_at, :reporter, :ref, :stance, :relays, :origin, :supersedes,
    :first_day, :last_day, :place_ids, :group_ids, :content_hash, :caveats, :quote_folded, :body)

-- name: report_retell
UPDATE reports SET content_hash = :content_hash, caveats = :caveats, quote_folded = :quote_folded,
    body = :body WHERE seq = :seq

-- name: report_retract
UPDATE reports SET retracted_seq = :seq WHERE id = :id

-- name: report_supersede
UPDATE reports SET superseded_seq = :seq, superseded_by = :by WHERE id = :id

-- name: report_place_put
INSERT INTO report_places (place, seq) VALUES (:place, :seq)

-- name: report_group_put
INSERT INTO report_groups (group_id, seq) VALUES (:group_id, :seq)

-- name: report_word_put
INSERT INTO report_words (word, seq) VALUES (:word, :seq)

-- name: report_words_forget
DELETE FROM report_words WHERE seq = :seq

-- name: report_seq
SELECT seq FROM reports WHERE id = :id

-- name: report_origin
SELECT coalesce(origin, id) FROM reports WHERE id = :id

-- name: report_get
{report} WHERE id = :id AND seq <= :seq

-- name: reports_get
{report} WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) AND seq <= :seq

-- name: reports_with_ref
SELECT id, content_hash FROM reports
WHERE reporter IN (SELECT value FROM json_each(CAST(:reporters AS TEXT))) AND ref = :ref
ORDER BY seq DESC

-- name: reports_page
{report} WHERE seq > :after AND seq <= :seq {clauses} ORDER BY seq LIMIT :limit

-- part: in_places
AND seq IN (SELECT seq FROM report_places
    WHERE place IN (SELECT value FROM json_each(CAST(:places AS TEXT))))

-- part: in_groups
AND seq IN (SELECT seq FROM report_groups
    WHERE group_id IN (SELECT value FROM json_each(CAST(:groups AS TEXT))))

-- part: of_reporters
AND reporter IN (SELECT value FROM json_each(CAST(:reporters AS TEXT)))

-- part: in_states
AND {state} IN (SELECT value FROM json_each(CAST(:states AS TEXT)))

-- part: in_period
-- It is one and the same figure that neither ends before nor begins after.
AND (CASE WHEN stance = 'asserts' THEN EXISTS (SELECT 1 FROM figures WHERE report = reports.id
        AND last_day >= :first_day AND coalesce(first_day, 0) <= :last_day)
    ELSE last_day >= :first_day AND coalesce(first_day, 0) <= :last_day END)

-- part: with_words
AND seq IN (SELECT seq FROM report_words
    WHERE word IN (SELECT value FROM json_each(CAST(:words AS TEXT)))
    GROUP BY seq HAVING count(*) = :word_count)


-- Figures --------------------------------------------------------------------------------------

-- part: figure
figures.id, report, figures.reporter, figures.place_ids, figures.first_day, figures.last_day,
    outcomes, figures.group_ids, incident, low, high, soft_low + 2 * soft_high, best, reclassifies,
    disclosed

-- name: figure_put
INSERT INTO figures (id, report, position, reporter, seq, low, high, soft_low, soft_high, best,
    outcomes, first_day, last_day, incident, reclassifies, disclosed, place_ids, group_ids,
    wording_folded)
VALUES (:id, :report, :position, :reporter, :seq, :low, :high, :soft_low, :soft_high, :best,
    :outcomes, :first_day, :last_day, :incident, :reclassifies, :disclosed, :place_ids, :group_ids,
    :wording_folded)

-- name: figure_reword
UPDATE figures SET wording_folded = :wording_folded WHERE id = :id

-- name: figure_outcomes
SELECT outcomes FROM figures WHERE id = :id

-- name: figure_report
SELECT report FROM figures WHERE id = :id

-- name: figures_as_of
SELECT {figure} FROM figures WHERE seq <= :seq ORDER BY seq, position

-- name: figures_alike
SELECT reports.id FROM (
    SELECT * FROM figures WHERE last_day = :last_day
    AND substr(place_ids, 1, 200) = substr(CAST(:place_ids AS TEXT), 1, 200)
    ORDER BY seq DESC LIMIT 500
) AS figures JOIN reports ON reports.id = figures.report
WHERE figures.place_ids = :place_ids AND coalesce(figures.first_day, 0) = :first_day
AND outcomes = :outcomes AND figures.reporter <> :reporter AND relays IS NULL
AND (wording_folded = :wording OR quote_folded = :quote)
GROUP BY reports.id ORDER BY min(figures.seq) LIMIT 20

-- name: figures_rival
-- Each part is read in the order of an index, so that none is longer than its limit.
SELECT {figure} FROM (
    SELECT * FROM (SELECT * FROM figures WHERE reporter = :reporter
        AND last_day = :last ORDER BY seq DESC LIMIT :nearest) AS same
    UNION ALL
    SELECT * FROM (SELECT * FROM figures WHERE reporter = :reporter
        AND last_day > :last ORDER BY last_day, seq LIMIT :nearest) AS later
    UNION ALL
    SELECT * FROM (SELECT * FROM figures WHERE reporter = :reporter
        AND last_day BETWEEN :first AND :last - 1
        ORDER BY last_day DESC, seq DESC LIMIT :nearest) AS earlier
) AS figures JOIN reports ON reports.id = figures.report
WHERE (high < :low OR low > :high)
AND outcomes & :outcomes IN (outcomes, :outcomes)
AND (coalesce(figures.first_day, 0) <= :first AND figures.last_day >= :last
    OR coalesce(figures.first_day, 0) >= :first AND figures.last_day <= :last)
AND (CAST(:places AS TEXT) IS NULL OR figures.place_ids LIKE '%,%'
    OR CAST(:places AS TEXT) LIKE '%,' || figures.place_ids || ',%')
AND relays IS NULL AND superseded_seq IS NULL AND retracted_seq IS NULL
AND (CAST(:but AS TEXT) IS NULL OR report <> :but)
ORDER BY figures.seq DESC, figures.position DESC LIMIT :few

-- name: statements_as_of
SELECT id, seq, reporter, {state}, stance, place_ids, first_day, last_day, group_ids, caveats,
    relays, origin, supersedes
FROM reports WHERE seq <= :seq ORDER BY seq


-- Keys, and requests that may be sent again ----------------------------------------------------

-- part: key
SELECT id, name, scope, secret_hash, created_at, reporters, expires_at, last_used_at, revoked_at
FROM keys

-- name: key_put
INSERT INTO keys (id, name, scope, secret_hash, created_at, reporters, expires_at, last_used_at,
    revoked_at)
VALUES (:id, :name, :scope, :secret_hash, :created_at, :reporters, :expires_at, :last_used_at,
    :revoked_at)

-- name: key_get
{key} WHERE id = :id

-- name: keys_all
{key} ORDER BY created_at, id

-- name: keys_clear
DELETE FROM keys

-- name: key_revoke
UPDATE keys SET revoked_at = :moment WHERE id = :id AND revoked_at IS NULL

-- name: key_note_use
UPDATE keys SET last_used_at = :moment WHERE id = :id

-- name: answer_find
SELECT fingerprint, told FROM answers
WHERE holder = :holder AND request = :request AND key = :key AND until > :now

-- name: answer_put
INSERT INTO answers (holder, request, key, fingerprint, told, until)
VALUES (:holder, :request, :key, :fingerprint, :told, :until)

-- name: answers_all
SELECT holder, request, key, fingerprint, told, until FROM answers
ORDER BY holder, request, key

-- name: answers_clear
DELETE FROM answers

-- name: answers_forget
DELETE FROM answers WHERE until <= :now
