-- The statements of the store, in the SQL that SQLite and PostgreSQL share. Inserts of whole rows are
-- made from tables.py instead.
--
-- `-- name:` begins a statement, which Python runs by that name; `-- part:` begins a part that others
-- include as {its_name}. {events_columns} is the list of all columns of events in tables.py, and so
-- for each table. Values are bound as :names. Differences of the engines:
--   json_each(...)  is SQLite's; in PostgreSQL a migration creates it (m0001_tables_postgresql.sql)
--   json_extract(column, '$.a.b') is SQLite's; for PostgreSQL it is rewritten
--   INDEXED BY ...  is a hint for SQLite; it is removed for PostgreSQL, which has none


-- The event log --------------------------------------------------------------------------------

-- part: select_events
SELECT {events_columns} FROM events

-- name: select_events_page
{select_events} WHERE seq > :after ORDER BY seq LIMIT :limit

-- name: select_events_about
{select_events} WHERE subject = :subject
AND kind IN (SELECT value FROM json_each(CAST(:kinds AS TEXT))) ORDER BY seq

-- name: select_event
{select_events} WHERE seq = :seq

-- name: select_last_event
SELECT seq, hash, recorded_at FROM events ORDER BY seq DESC LIMIT 1

-- name: select_last_seq
SELECT coalesce(max(seq), 0) FROM events

-- name: select_last_redaction_seq
SELECT coalesce(max(seq), 0) FROM events WHERE kind = 'redacted'

-- name: select_last_seq_of_request
SELECT max(seq) FROM events WHERE request = (SELECT request FROM events WHERE seq = :seq)

-- name: select_seq_at
SELECT coalesce(max(seq), 0) FROM events WHERE recorded_at <= :moment

-- name: select_event_hash
SELECT hash FROM events WHERE seq = :seq

-- name: select_event_timestamp
SELECT recorded_at FROM events WHERE seq = :seq

-- name: select_events_between
SELECT seq, recorded_at, kind, subject, CASE kind WHEN 'reported' THEN '{}' ELSE body END
FROM events WHERE seq > :after AND seq <= :until ORDER BY seq

-- name: select_texts
SELECT {texts_columns} FROM texts
WHERE seq IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(:seqs AS TEXT)))
ORDER BY seq, pointer

-- name: select_blanked_texts
SELECT seq, pointer FROM texts WHERE text IS NULL AND seq <= :until ORDER BY seq, pointer

-- name: blank_text
UPDATE texts SET salt = NULL, text = NULL WHERE seq = :seq AND pointer = :pointer


-- Places, groups and reporters -----------------------------------------------------------------

-- name: select_current_entity
SELECT id, body FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL

-- name: select_last_entity_version
SELECT id, body FROM entries WHERE kind = :kind AND id = :id ORDER BY since_seq DESC LIMIT 1

-- name: end_entity_version
UPDATE entries SET until_seq = :seq WHERE kind = :kind AND id = :id AND until_seq IS NULL

-- name: select_last_entity_seq
SELECT max(last_seq) FROM (
    SELECT max(since_seq) AS last_seq FROM entries WHERE since_seq <= :seq
    UNION ALL SELECT max(until_seq) FROM entries WHERE until_seq <= :seq
    UNION ALL SELECT max(seq) FROM merges WHERE seq <= :seq
) AS changed

-- name: select_entities_as_of
SELECT kind, id, body FROM entries
WHERE since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq) ORDER BY kind, id

-- name: select_entities_by_id_as_of
SELECT id, body FROM entries
WHERE kind = :kind AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
AND since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq)

-- name: select_entities_page
SELECT id, body FROM entries WHERE kind = :kind AND until_seq IS NULL AND id > :after {clauses}
ORDER BY id LIMIT :limit

-- part: filter_by_name
AND names_folded LIKE :pattern ESCAPE '!'

-- part: filter_by_parent
AND parent = :parent

-- name: select_some_entity_ids
SELECT id FROM entries INDEXED BY entries_now WHERE kind = :kind AND until_seq IS NULL
ORDER BY id LIMIT :limit

-- name: select_near_entity_ids
-- The ids before and after this one.
SELECT id FROM (SELECT id FROM entries INDEXED BY entries_now
    WHERE kind = :kind AND until_seq IS NULL AND id < :id ORDER BY id DESC LIMIT :few) AS earlier
UNION ALL
SELECT id FROM (SELECT id FROM entries INDEXED BY entries_now
    WHERE kind = :kind AND until_seq IS NULL AND id > :id ORDER BY id LIMIT :few) AS later

-- name: select_recorded_entity_ids
SELECT id FROM entries INDEXED BY entries_now WHERE kind = :kind AND until_seq IS NULL
AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) ORDER BY id

-- name: select_unknown_entity_ids
SELECT value FROM json_each(CAST(:ids AS TEXT)) WHERE NOT EXISTS
    (SELECT 1 FROM entries WHERE kind = :kind AND id = value AND since_seq <= :seq)
ORDER BY value

-- name: select_places_by_code
SELECT code, place FROM (
    SELECT code, place, row_number() OVER (PARTITION BY code ORDER BY place) AS nth
    FROM place_codes JOIN entries ON kind = 'place' AND entries.id = place_codes.place
        AND entries.since_seq = place_codes.since_seq
    WHERE code IN (SELECT value FROM json_each(CAST(:codes AS TEXT))) AND until_seq IS NULL
) AS coded WHERE nth <= :few ORDER BY code, place

-- name: select_entities_and_ancestors
WITH RECURSIVE above (id) AS (
    SELECT id FROM entries WHERE kind = :kind AND until_seq IS NULL
    AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
    UNION
    SELECT parent FROM above CROSS JOIN entries INDEXED BY entries_now
    WHERE entries.id = above.id AND kind = :kind AND until_seq IS NULL AND parent IS NOT NULL
) SELECT entries.id, body FROM above CROSS JOIN entries INDEXED BY entries_now
WHERE entries.id = above.id AND kind = :kind AND until_seq IS NULL ORDER BY entries.id

-- name: select_some_child_ids
SELECT id FROM entries INDEXED BY entries_below WHERE kind = :kind AND parent = :parent AND until_seq IS NULL
ORDER BY id LIMIT :limit

-- name: select_child_entities
SELECT id, body FROM entries INDEXED BY entries_below WHERE kind = :kind AND parent = :parent AND until_seq IS NULL
ORDER BY id

-- name: select_parents
-- Those of the ids that have children.
SELECT value FROM json_each(CAST(:ids AS TEXT)) WHERE EXISTS (
    SELECT 1 FROM entries INDEXED BY entries_below
    WHERE kind = :kind AND parent = value AND until_seq IS NULL)

-- name: select_entity_ancestor
WITH RECURSIVE above (id) AS (
    SELECT id FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL
    UNION
    SELECT parent FROM above CROSS JOIN entries INDEXED BY entries_now
    WHERE entries.id = above.id AND kind = :kind AND until_seq IS NULL AND parent IS NOT NULL
) SELECT 1 FROM above WHERE id = :top

-- name: select_entity_level
-- How many entities are in the line from this one up.
WITH RECURSIVE above (id, level) AS (
    SELECT id, 1 FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL
    UNION ALL
    SELECT parent, level + 1 FROM above CROSS JOIN entries INDEXED BY entries_now
    WHERE entries.id = above.id AND kind = :kind AND until_seq IS NULL AND parent IS NOT NULL
) SELECT max(level) FROM above

-- name: select_entity_height
-- How many levels are below the entity, itself included; no more than the limit are counted.
WITH RECURSIVE below (id, level) AS (
    SELECT id, 1 FROM entries WHERE kind = :kind AND id = :id AND until_seq IS NULL
    UNION ALL
    SELECT entries.id, level + 1 FROM below CROSS JOIN entries INDEXED BY entries_below
    WHERE entries.parent = below.id AND entries.kind = :kind AND until_seq IS NULL
    AND level < :limit
) SELECT max(level) FROM below

-- name: select_entity_ids_in_subtrees
-- Everything below the ids as of one seq, with all ids that were merged into any of it.
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

-- name: select_merge
SELECT into_id FROM merges WHERE kind = :kind AND id = :id

-- name: select_merged_ids
SELECT id FROM merges WHERE kind = :kind
AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))

-- name: select_merges_until
SELECT kind, id, into_id FROM merges WHERE seq <= :seq ORDER BY seq, kind, id

-- name: select_ids_merged_into
WITH RECURSIVE same (root, id) AS (
    SELECT into_id, id FROM merges WHERE kind = :kind
    AND into_id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
    UNION
    SELECT root, merges.id FROM same CROSS JOIN merges INDEXED BY merges_into
    WHERE merges.into_id = same.id AND merges.kind = :kind
) SELECT root, id FROM same ORDER BY root, id


-- Reports --------------------------------------------------------------------------------------

-- part: report_state
CASE
    WHEN retracted_seq <= :seq THEN 'retracted'
    WHEN superseded_seq <= :seq THEN 'superseded'
    WHEN relays IS NOT NULL THEN 'relay'
    ELSE 'live' END

-- part: select_reports
SELECT body, seq, recorded_at, {report_state}, origin,
    CASE WHEN superseded_seq <= :seq THEN superseded_by END,
    CASE WHEN retracted_seq <= :seq THEN retracted_seq END
FROM reports

-- name: update_report_texts
UPDATE reports SET content_hash = :content_hash, caveats = :caveats, quote_folded = :quote_folded,
    body = :body WHERE seq = :seq

-- name: retract_report
UPDATE reports SET retracted_seq = :seq WHERE id = :id

-- name: supersede_report
UPDATE reports SET superseded_seq = :seq, superseded_by = :by WHERE id = :id

-- name: select_report_body
SELECT body FROM reports WHERE seq = :seq

-- name: delete_report_words
DELETE FROM report_words WHERE seq = :seq
AND word IN (SELECT value FROM json_each(CAST(:words AS TEXT)))

-- name: select_report_seq
SELECT seq FROM reports WHERE id = :id

-- name: select_report_origin
SELECT coalesce(origin, id) FROM reports WHERE id = :id

-- name: select_report
{select_reports} WHERE id = :id AND seq <= :seq

-- name: select_reports_by_id
{select_reports} WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) AND seq <= :seq

-- name: select_last_publication
SELECT max(json_extract(body, '$.report.published_at')) FROM reports
WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))

-- part: select_heads
SELECT id, seq, reporter, ref, content_hash, relays, origin, supersedes, superseded_by FROM reports

-- name: select_report_heads
{select_heads} WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))

-- name: select_recorded_refs
-- Those of the refs that a report of any reporter has.
SELECT value FROM json_each(CAST(:refs AS TEXT))
WHERE EXISTS (SELECT 1 FROM reports WHERE ref = value)

-- name: select_report_heads_by_ref
{select_heads} WHERE ref = :ref AND reporter = :reporter

-- name: select_reports_page
{select_reports} WHERE seq > :after AND seq <= :seq {clauses} ORDER BY seq LIMIT :limit

-- name: select_reports_page_newest_first
{select_reports} WHERE seq < :after AND seq <= :seq {clauses} ORDER BY seq DESC LIMIT :limit

-- part: filter_by_places
AND seq IN (SELECT seq FROM report_places
    WHERE place IN (SELECT value FROM json_each(CAST(:places AS TEXT))))

-- part: filter_by_groups
AND seq IN (SELECT seq FROM report_groups
    WHERE group_id IN (SELECT value FROM json_each(CAST(:groups AS TEXT))))

-- part: filter_by_reporters
AND reporter IN (SELECT value FROM json_each(CAST(:reporters AS TEXT)))

-- part: filter_by_states
AND {report_state} IN (SELECT value FROM json_each(CAST(:states AS TEXT)))

-- part: filter_by_outcomes
AND EXISTS (SELECT 1 FROM figures WHERE figures.seq = reports.seq AND outcomes & :outcomes <> 0)

-- part: filter_by_contradiction
AND (body LIKE '%"code":"contradicts"%' OR body LIKE '%"code":"same_reporter_conflict"%')

-- part: filter_by_ref
AND seq IN (SELECT seq FROM reports WHERE ref = :ref)

-- part: filter_by_incident
AND seq IN (SELECT seq FROM report_incidents WHERE incident = :incident)

-- part: filter_by_period
-- One figure must both begin before the end and end after the beginning.
AND (CASE WHEN stance = 'asserts' THEN EXISTS (SELECT 1 FROM figures WHERE figures.seq = reports.seq
        AND last_day >= :first_day AND coalesce(first_day, 0) <= :last_day)
    ELSE last_day >= :first_day AND coalesce(first_day, 0) <= :last_day END)

-- part: filter_by_words
AND seq IN (SELECT seq FROM report_words
    WHERE word IN (SELECT value FROM json_each(CAST(:words AS TEXT)))
    GROUP BY seq HAVING count(*) = :word_count)


-- Figures --------------------------------------------------------------------------------------

-- name: update_figure_wording
UPDATE figures SET wording_folded = :wording_folded WHERE seq = :seq AND position = :position

-- name: select_figures_by_id
-- :reports are the ids of the reports that the figures belong to.
SELECT {figures_columns} FROM figures
WHERE seq IN (SELECT seq FROM reports
    WHERE id IN (SELECT value FROM json_each(CAST(:reports AS TEXT))))
AND id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) ORDER BY seq, position

-- name: select_reclassifying_figure_ids
-- The figures that have ever reclassified any of the ids.
SELECT id FROM figures WHERE reclassifies IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
UNION
SELECT figure FROM moved_links
WHERE reclassifies IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))

-- name: select_moved_links_of
SELECT {moved_links_columns} FROM moved_links
WHERE figure IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) AND seq <= :seq ORDER BY seq

-- name: select_report_entries
SELECT reports.id, reports.seq, reports.reporter, reports.stance, reports.place_ids,
    reports.first_day, reports.last_day, reports.group_ids, reports.caveats, relayed.seq,
    origins.seq, replaced.seq, reports.superseded_seq, reports.retracted_seq
FROM reports LEFT JOIN reports AS relayed ON relayed.id = reports.relays
LEFT JOIN reports AS origins ON origins.id = reports.origin
LEFT JOIN reports AS replaced ON replaced.id = reports.supersedes
WHERE reports.seq > :since AND reports.seq <= :seq ORDER BY reports.seq

-- name: select_ended_reports
SELECT events.seq, events.kind, reports.seq FROM events JOIN reports ON reports.id = events.subject
WHERE events.seq > :since AND events.seq <= :seq AND events.kind IN ('superseded', 'retracted')
AND reports.seq <= :since ORDER BY events.seq

-- name: select_redacted_caveats
-- Of reports up to the seq that were redacted after the first seq.
SELECT reports.seq, reports.caveats FROM events JOIN reports ON reports.id = events.subject
WHERE events.seq > :since AND events.kind = 'redacted' AND reports.seq <= :seq

-- name: select_figure_entries
-- A figure that is reclassified is named by the id of its report, a hyphen and its position plus one.
SELECT figures.id, figures.seq, figures.low, figures.high,
    figures.soft_low + 2 * figures.soft_high, figures.best, figures.outcomes, figures.first_day,
    figures.last_day, figures.incident, targets.seq,
    CAST(substr(figures.reclassifies, length(targets.id) + 2) AS BIGINT) - 1, figures.disclosed,
    figures.place_ids, figures.group_ids
FROM figures LEFT JOIN reports AS targets ON targets.id = substr(figures.reclassifies, 1,
    length(rtrim(figures.reclassifies, '0123456789')) - 1)
WHERE figures.seq > :since AND figures.seq <= :seq ORDER BY figures.seq, figures.position

-- name: select_moved_entries
SELECT movers.seq, CAST(substr(moved_links.figure, length(movers.id) + 2) AS BIGINT) - 1,
    moved_links.seq, targets.seq,
    CAST(substr(moved_links.reclassifies, length(targets.id) + 2) AS BIGINT) - 1,
    moved_links.first_day, moved_links.last_day, moved_links.place_ids, moved_links.group_ids
FROM moved_links JOIN reports AS movers ON movers.id = substr(moved_links.figure, 1,
    length(rtrim(moved_links.figure, '0123456789')) - 1)
JOIN reports AS targets ON targets.id = substr(moved_links.reclassifies, 1,
    length(rtrim(moved_links.reclassifies, '0123456789')) - 1)
WHERE moved_links.seq > :since AND moved_links.seq <= :seq
ORDER BY moved_links.seq, movers.seq, 2

-- part: near_columns
seq, position, first_day, single_place

-- A figure of a length class has at most 16^class days, so that each of these reads hardly more of an
-- index than the days need.
-- part: newest_of_class_0
AND reporter = :reporter AND length_class = 0 AND last_day BETWEEN :first - 1 AND :last + 1
        ORDER BY last_day DESC, seq DESC LIMIT :examined

-- part: newest_of_class_1
AND reporter = :reporter AND length_class = 1 AND last_day BETWEEN :first - 1 AND :last + 16
        ORDER BY last_day DESC, seq DESC LIMIT :examined

-- part: newest_of_class_2
AND reporter = :reporter AND length_class = 2 AND last_day BETWEEN :first - 1 AND :last + 256
        ORDER BY last_day DESC, seq DESC LIMIT :examined

-- part: newest_of_class_3
AND reporter = :reporter AND length_class = 3 AND last_day >= :first - 1
        ORDER BY last_day DESC, seq DESC LIMIT :examined

-- part: select_newest_near
SELECT seq, position FROM near
WHERE coalesce(first_day, 0) <= :last + 1
AND (CAST(:places AS TEXT) IS NULL OR single_place = ''
    OR CAST(:places AS TEXT) LIKE '%,' || single_place || ',%')
ORDER BY seq DESC, position DESC LIMIT :most

-- name: select_comparable_keys
-- The seqs and positions of the newest figures of the reporter that share days with the first to the
-- last, or are next to them, at several places or one of :places (NULL: any).
WITH near AS MATERIALIZED (
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_by_reporter
        WHERE true {newest_of_class_0}) AS class_0
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_by_reporter
        WHERE true {newest_of_class_1}) AS class_1
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_by_reporter
        WHERE true {newest_of_class_2}) AS class_2
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_by_reporter
        WHERE true {newest_of_class_3}) AS class_3
)
{select_newest_near}

-- name: select_comparable_keys_of_incident
-- Those of the same figures that are about the incident or about none. The figures of a register are
-- each about an incident of their own, and are not read.
WITH near AS MATERIALIZED (
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_without_incident
        WHERE incident IS NULL {newest_of_class_0}) AS class_0
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_without_incident
        WHERE incident IS NULL {newest_of_class_1}) AS class_1
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_without_incident
        WHERE incident IS NULL {newest_of_class_2}) AS class_2
    UNION ALL
    SELECT * FROM (SELECT {near_columns} FROM figures INDEXED BY figures_without_incident
        WHERE incident IS NULL {newest_of_class_3}) AS class_3
    UNION ALL
    SELECT figures.seq, position, first_day, single_place
    FROM (
        SELECT seq FROM report_incidents WHERE incident = :incident
        ORDER BY seq DESC LIMIT :examined
    ) AS of_incident CROSS JOIN figures
    WHERE figures.seq = of_incident.seq AND figures.incident = :incident
    AND reporter = :reporter AND last_day >= :first - 1
)
{select_newest_near}

-- name: select_comparable_incidents
-- Those of the incidents that a report is about, and those of the reporters that have a figure which
-- is about none.
SELECT 'incident', value FROM json_each(CAST(:incidents AS TEXT))
WHERE EXISTS (SELECT 1 FROM report_incidents WHERE incident = value)
UNION ALL
SELECT 'reporter', value FROM json_each(CAST(:reporters AS TEXT))
WHERE EXISTS (SELECT 1 FROM figures INDEXED BY figures_without_incident
    WHERE reporter = value AND incident IS NULL)

-- name: select_figures_of_reports
-- Those figures of the reports whose seq and position, with a hyphen between them, are among the
-- keys; each with whether its report is counted.
SELECT {figures_columns}, relays, superseded_seq, retracted_seq
FROM figures CROSS JOIN reports
WHERE figures.seq IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(:seqs AS TEXT)))
AND CAST(figures.seq AS TEXT) || '-' || CAST(figures.position AS TEXT)
    IN (SELECT value FROM json_each(CAST(:keys AS TEXT)))
AND reports.seq = figures.seq

-- name: select_figures_of_scope
-- The newest figures that end on the last day and have the places, as far as the index contains them;
-- each with whether its report is counted.
SELECT {figures_columns}, relays, superseded_seq, retracted_seq FROM (
    SELECT * FROM figures WHERE last_day = :last_day
    AND substr(place_ids, 1, 200) = substr(CAST(:place_ids AS TEXT), 1, 200)
    ORDER BY seq DESC LIMIT :most
) AS figures CROSS JOIN reports WHERE reports.seq = figures.seq
ORDER BY figures.seq DESC, figures.position DESC

-- name: select_outermost_reporters
-- The first and the last id of those who have reported, NULL if there are none.
SELECT (SELECT min(reporter) FROM reports), (SELECT max(reporter) FROM reports)

-- name: select_reports_with_quote
SELECT seq FROM reports WHERE quote_folded = :quote
AND seq IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(:seqs AS TEXT)))


-- Imports -------------------------------------------------------------------------------------

-- part: select_imports
SELECT {imports_columns}, events.recorded_at, events.actor
FROM imports JOIN events ON events.seq = imports.seq

-- name: select_import
{select_imports} WHERE imports.id = :id

-- name: select_imports_page
{select_imports} WHERE imports.seq < :before ORDER BY imports.seq DESC LIMIT :limit

-- name: select_running_imports
{select_imports} WHERE imports.finished_seq IS NULL AND imports.withdrawn_seq IS NULL
ORDER BY imports.seq

-- name: select_last_import_range
SELECT first_seq, last_seq FROM import_ranges WHERE import_id = :import_id
ORDER BY first_seq DESC LIMIT 1

-- name: advance_import
UPDATE imports SET report_count = report_count + :report_count,
    row_count = CASE WHEN row_count < :row_count THEN :row_count ELSE row_count END
WHERE id = :id

-- name: extend_import_range
UPDATE import_ranges SET last_seq = :last_seq
WHERE import_id = :import_id AND first_seq = :first_seq

-- name: finish_import
UPDATE imports SET finished_seq = :seq WHERE id = :id

-- name: withdraw_import
UPDATE imports SET withdrawn_seq = :seq WHERE id = :id

-- part: live_import_reports
FROM import_ranges JOIN reports
    ON reports.seq BETWEEN import_ranges.first_seq AND import_ranges.last_seq
WHERE import_ranges.import_id = :import_id
AND reports.retracted_seq IS NULL AND reports.superseded_seq IS NULL

-- name: select_live_import_reports
SELECT reports.id {live_import_reports} ORDER BY reports.seq LIMIT :limit

-- name: count_live_import_reports
SELECT count(*) {live_import_reports}

-- name: count_replacing_import_reports
SELECT count(*) {live_import_reports} AND reports.supersedes IS NOT NULL


-- API keys and idempotency keys ---------------------------------------------------------------

-- part: select_keys
SELECT {keys_columns} FROM keys

-- name: select_key
{select_keys} WHERE id = :id

-- name: select_all_keys
{select_keys} ORDER BY created_at, id

-- name: delete_all_keys
DELETE FROM keys

-- name: revoke_key
UPDATE keys SET revoked_at = :moment WHERE id = :id AND revoked_at IS NULL

-- name: update_key_last_use
UPDATE keys SET last_used_at = :moment WHERE id = :id

-- name: select_idempotent_response
SELECT fingerprint, expires_at, response FROM idempotent_responses
WHERE principal = :principal AND request = :request AND key = :key AND expires_at > :now
ORDER BY part

-- name: select_all_idempotent_responses
SELECT {idempotent_responses_columns} FROM idempotent_responses
ORDER BY principal, request, key, part

-- name: delete_all_idempotent_responses
DELETE FROM idempotent_responses

-- name: delete_expired_idempotent_responses
DELETE FROM idempotent_responses WHERE expires_at <= :now


-- Rate limits ----------------------------------------------------------------------------------
-- In SQLite the table of counts is in a file of its own (sqlite/rate_counters.py).

-- name: delete_expired_counts
DELETE FROM counts WHERE began <= :early OR began > :late

-- name: increment_count
INSERT INTO counts (who, began, requests) VALUES (:who, :now, 1)
ON CONFLICT (who) DO UPDATE SET requests = counts.requests + 1 RETURNING began, requests
