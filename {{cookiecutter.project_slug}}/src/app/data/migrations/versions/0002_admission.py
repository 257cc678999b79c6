"""Admission, releases and flags: spend windows, rate windows, reservations, the switches, and who turned what.

`app.admit` and `app.settle` are the whole of admission: one statement each, for one call or for many at once. Both lock
the rows they touch in the order of their ids, new rows before old ones, so that no two of them wait for each other.
Neither waits for the disk: see `app.data.dedicated`.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
-- What one cap has used in one window of the calendar (UTC). A new window is a new row, so nothing has to be reset.
CREATE TABLE budget_windows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('all', 'tenant', 'task', 'user')),
    tenant text NOT NULL,                        -- '' for the scopes all and task
    subject text NOT NULL,                       -- the task or the user; '' for the scopes all and tenant
    period text NOT NULL CHECK (period IN ('hour', 'day', 'month')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    cap_usd numeric(20, 9) NOT NULL,             -- as the last admission had it configured
    settled_usd numeric(20, 9) NOT NULL DEFAULT 0,
    reserved_usd numeric(20, 9) NOT NULL DEFAULT 0,
    alerted_at timestamptz,
    stopped_at timestamptz,
    UNIQUE (scope, tenant, subject, period, starts_at)
) WITH (fillfactor = 50);

-- Requests and tokens of one caller in the minute that began with its first call. Not logged: a crash of the server
-- forgets at most that minute.
CREATE UNLOGGED TABLE limit_windows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('tenant', 'user', 'session')),
    tenant text NOT NULL,
    subject text NOT NULL,                       -- the user or the session; '' for the scope tenant
    starts_at timestamptz NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    UNIQUE (scope, tenant, subject)
) WITH (fillfactor = 50);

CREATE TABLE reservations (
    id uuid PRIMARY KEY,                         -- the call's
    admitted_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('held', 'expired', 'settled')),
    finished_at timestamptz,
    reserved_usd numeric(20, 9) NOT NULL,
    reserved_tokens bigint NOT NULL,
    charged_usd numeric(20, 9),                  -- null while held
    charged_tokens bigint,
    windows bigint[] NOT NULL,                   -- ids of budget_windows
    limits bigint[] NOT NULL,                    -- ids of limit_windows, and the minute each was in
    limit_starts timestamptz[] NOT NULL
);
CREATE INDEX reservations_held ON reservations (lease_until) WHERE state = 'held';
CREATE INDEX reservations_finished ON reservations (finished_at);

-- Corrections by hand; what calls cost stands in reservations and calls.
CREATE TABLE budget_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    window_id bigint NOT NULL REFERENCES budget_windows (id) ON DELETE CASCADE,
    usd numeric(20, 9) NOT NULL,
    by text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX budget_entries_window ON budget_entries (window_id);

CREATE TABLE budget_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('alert', 'stop')),
    scope text NOT NULL,
    tenant text NOT NULL,
    subject text NOT NULL,
    period text NOT NULL,
    ends_at timestamptz NOT NULL,
    cap_usd numeric(20, 9) NOT NULL,
    spent_usd numeric(20, 9) NOT NULL
);

ALTER TABLE release_log ADD COLUMN undoes bigint REFERENCES release_log (id);

CREATE TABLE flags (
    target text NOT NULL,                        -- everything, task:NAME, model:NAME, feature:NAME
    tenant text NOT NULL DEFAULT '',             -- '' for everybody
    user_id text NOT NULL DEFAULT '',            -- '' for the whole tenant
    enabled boolean NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (target, tenant, user_id),
    CHECK (user_id = '' OR tenant <> '')
);

CREATE TABLE flag_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    target text NOT NULL,
    tenant text NOT NULL,
    user_id text NOT NULL,
    enabled boolean NOT NULL,
    by text NOT NULL,
    reason text NOT NULL
);
"""

NOTIFY = """
CREATE FUNCTION app.notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('app_' || TG_TABLE_NAME, '');
    RETURN NULL;
END $$;
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON releases EXECUTE FUNCTION app.notify_change();
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON flags EXECUTE FUNCTION app.notify_change();

CREATE FUNCTION app.notify_budget_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('app_budget_events', to_jsonb(NEW)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_budget_event AFTER INSERT ON budget_events FOR EACH ROW
    EXECUTE FUNCTION app.notify_budget_event();
"""

WINDOWS = """
-- The one clock of admission, so that replicas agree on windows.
CREATE FUNCTION app.admission_clock() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN clock_timestamp();

CREATE FUNCTION app.window_start(period text, at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN date_trunc(period, at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';

CREATE FUNCTION app.window_end(period text, at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN (date_trunc(period, at AT TIME ZONE 'UTC') + ('1 ' || period)::interval) AT TIME ZONE 'UTC';

-- Makes the rows of windows. `wanted`: [{scope, tenant, subject, period, cap, at}]; no `at` is the time `present`.
CREATE FUNCTION app.open_windows(wanted jsonb, present timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.budget_windows (scope, tenant, subject, period, starts_at, ends_at, cap_usd)
    SELECT scope, tenant, subject, period, app.window_start(period, coalesce(at, present)),
        app.window_end(period, coalesce(at, present)), cap
    FROM jsonb_to_recordset(wanted)
        AS k(scope text, tenant text, subject text, period text, cap numeric, at timestamptz)
    WHERE NOT EXISTS (
        SELECT FROM app.budget_windows AS w
        WHERE (w.scope, w.tenant, w.subject, w.period, w.starts_at)
            = (k.scope, k.tenant, k.subject, k.period, app.window_start(k.period, coalesce(k.at, present))))
    ORDER BY scope, tenant, subject, period, app.window_start(period, coalesce(at, present))
    ON CONFLICT DO NOTHING;
$$;

CREATE FUNCTION app.open_limits(wanted jsonb, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.limit_windows (scope, tenant, subject, starts_at)
    SELECT scope, tenant, subject, at
    FROM jsonb_to_recordset(wanted) AS k(scope text, tenant text, subject text)
    WHERE NOT EXISTS (
        SELECT FROM app.limit_windows AS l WHERE (l.scope, l.tenant, l.subject) = (k.scope, k.tenant, k.subject))
    ORDER BY scope, tenant, subject
    ON CONFLICT DO NOTHING;
$$;
"""

ADMIT = """
-- Admits or refuses each ask of a batch, in order, all its caps and limits together.
--   batch:  {windows: [{n, scope, tenant, subject, period, cap}], limits: [{n, scope, tenant, subject, requests,
--           tokens}], asks: [{n, id, usd, tokens, lease_s, windows: [n], limits: [n]}], again: whether the asks may
--           have been sent before}; n counts from 1; a limit of null is none
--   result: one array an ask: ["admitted", [[requests used, tokens used, seconds to reset] a limit]]
--           or ["budget", n, used, end of the window] or ["requests" or "tokens", n, used, seconds to reset]
CREATE FUNCTION app.admit(batch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := app.admission_clock();
    minute CONSTANT interval := '1 minute';
    window_id bigint[]; spent numeric[]; cap numeric[]; held numeric[]; ends timestamptz[]; stop boolean[];
    limit_id bigint[]; starts timestamptz[]; made bigint[]; took bigint[]; most_requests bigint[];
    most_tokens bigint[];
    ask record; i integer; verdict jsonb; verdicts jsonb[] := '{}'; admitted integer[] := '{}'; known uuid[] := '{}';
BEGIN
    IF batch -> 'windows' <> '[]' THEN
        PERFORM app.open_windows(batch -> 'windows', at);
    END IF;
    IF batch -> 'limits' <> '[]' THEN
        PERFORM app.open_limits(batch -> 'limits', at);
    END IF;

    SELECT array_agg(id ORDER BY n), array_agg(used ORDER BY n), array_agg(most ORDER BY n), array_agg(0.0 ORDER BY n),
        array_agg(ends_at ORDER BY n), array_agg(false ORDER BY n)
    INTO window_id, spent, cap, held, ends, stop
    FROM (
        SELECT k.n, w.id, w.settled_usd + w.reserved_usd AS used, k.cap AS most, w.ends_at
        FROM jsonb_to_recordset(batch -> 'windows')
            AS k(n integer, scope text, tenant text, subject text, period text, cap numeric)
        JOIN app.budget_windows AS w ON (w.scope, w.tenant, w.subject, w.period, w.starts_at)
            = (k.scope, k.tenant, k.subject, k.period, app.window_start(k.period, at))
        ORDER BY w.id FOR NO KEY UPDATE OF w
    ) AS locked;

    SELECT array_agg(id ORDER BY n), array_agg(CASE WHEN over THEN at ELSE starts_at END ORDER BY n),
        array_agg(CASE WHEN over THEN 0 ELSE locked.requests END ORDER BY n),
        array_agg(CASE WHEN over THEN 0 ELSE locked.tokens END ORDER BY n),
        array_agg(locked.most_requests ORDER BY n), array_agg(locked.most_tokens ORDER BY n)
    INTO limit_id, starts, made, took, most_requests, most_tokens
    FROM (
        SELECT k.n, l.id, l.starts_at, l.requests, l.tokens, l.starts_at + minute <= at AS over,
            k.requests AS most_requests, k.tokens AS most_tokens
        FROM jsonb_to_recordset(batch -> 'limits')
            AS k(n integer, scope text, tenant text, subject text, requests bigint, tokens bigint)
        JOIN app.limit_windows AS l ON (l.scope, l.tenant, l.subject) = (k.scope, k.tenant, k.subject)
        ORDER BY l.id FOR NO KEY UPDATE OF l
    ) AS locked;

    IF coalesce(cardinality(window_id), 0) <> jsonb_array_length(batch -> 'windows')
        OR coalesce(cardinality(limit_id), 0) <> jsonb_array_length(batch -> 'limits') THEN
        RAISE EXCEPTION 'a window was removed meanwhile: try again' USING ERRCODE = 'serialization_failure';
    END IF;

    IF (batch -> 'again')::boolean THEN
        SELECT coalesce(array_agg(r.id), '{}') INTO known
        FROM jsonb_to_recordset(batch -> 'asks') AS a(id uuid) JOIN app.reservations AS r ON r.id = a.id;
    END IF;

    FOR ask IN
        SELECT * FROM jsonb_to_recordset(batch -> 'asks')
            AS a(n integer, id uuid, usd numeric, tokens bigint, windows integer[], limits integer[])
    LOOP
        verdict := NULL;
        IF NOT ask.id = ANY (known) THEN
            FOREACH i IN ARRAY ask.windows LOOP
                IF spent[i] + ask.usd > cap[i] THEN
                    stop[i] := true;
                    verdict := jsonb_build_array('budget', i, spent[i], ends[i]);
                    EXIT;
                END IF;
            END LOOP;
            IF verdict IS NULL THEN
                FOREACH i IN ARRAY ask.limits LOOP
                    IF made[i] + 1 > most_requests[i] THEN
                        verdict := jsonb_build_array('requests', i, made[i],
                            extract(epoch FROM starts[i] + minute - at));
                        EXIT;
                    ELSIF took[i] + ask.tokens > most_tokens[i] THEN
                        verdict := jsonb_build_array('tokens', i, took[i],
                            extract(epoch FROM starts[i] + minute - at));
                        EXIT;
                    END IF;
                END LOOP;
            END IF;
            IF verdict IS NULL THEN
                FOREACH i IN ARRAY ask.windows LOOP
                    spent[i] := spent[i] + ask.usd;
                    held[i] := held[i] + ask.usd;
                END LOOP;
                FOREACH i IN ARRAY ask.limits LOOP
                    made[i] := made[i] + 1;
                    took[i] := took[i] + ask.tokens;
                END LOOP;
                admitted := admitted || ask.n;
            END IF;
        END IF;
        IF verdict IS NULL THEN
            verdict := '[]';
            FOREACH i IN ARRAY ask.limits LOOP
                verdict := verdict || jsonb_build_array(jsonb_build_array(
                    made[i], took[i], extract(epoch FROM starts[i] + minute - at)));
            END LOOP;
            verdict := jsonb_build_array('admitted', verdict);
        END IF;
        verdicts := verdicts || verdict;
    END LOOP;

    IF admitted <> '{}' THEN
        IF window_id IS NOT NULL THEN
            UPDATE app.budget_windows AS w SET reserved_usd = w.reserved_usd + v.held, cap_usd = v.cap
            FROM unnest(window_id, held, cap) AS v(id, held, cap) WHERE w.id = v.id;
        END IF;
        IF limit_id IS NOT NULL THEN
            UPDATE app.limit_windows AS l SET starts_at = v.starts_at, requests = v.requests, tokens = v.tokens
            FROM unnest(limit_id, starts, made, took) AS v(id, starts_at, requests, tokens) WHERE l.id = v.id;
        END IF;
        INSERT INTO app.reservations
            (id, admitted_at, lease_until, state, reserved_usd, reserved_tokens, windows, limits, limit_starts)
        SELECT a.id, at, at + make_interval(secs => a.lease_s), 'held', a.usd, a.tokens,
            ARRAY(SELECT window_id[e] FROM unnest(a.windows) AS e),
            ARRAY(SELECT limit_id[e] FROM unnest(a.limits) AS e), ARRAY(SELECT starts[e] FROM unnest(a.limits) AS e)
        FROM jsonb_to_recordset(batch -> 'asks') AS a(
            n integer, id uuid, usd numeric, tokens bigint, lease_s double precision, windows integer[],
            limits integer[])
        WHERE a.n = ANY (admitted);
    END IF;
    IF true = ANY (stop) THEN
        PERFORM app.note_stops(window_id, cap, stop, at);
    END IF;
    RETURN to_jsonb(verdicts);
END $$;

-- The event `stop`, once a window.
CREATE FUNCTION app.note_stops(ids bigint[], caps numeric[], stops boolean[], at timestamptz) RETURNS void
LANGUAGE sql AS $$
    WITH stopped AS (
        UPDATE app.budget_windows AS w SET stopped_at = at, cap_usd = v.cap
        FROM unnest(ids, caps, stops) AS v(id, cap, stop)
        WHERE w.id = v.id AND v.stop AND w.stopped_at IS NULL
        RETURNING w.*
    )
    INSERT INTO app.budget_events (at, kind, scope, tenant, subject, period, ends_at, cap_usd, spent_usd)
    SELECT at, 'stop', scope, tenant, subject, period, ends_at, cap_usd, settled_usd + reserved_usd FROM stopped;
$$;
"""

SETTLE = """
-- Replaces what reservations hold by what was used. `ids` are in ascending order and all there; finished ones are left
-- as they are, so that a settlement may come twice; an expired one is corrected when its settlement comes late.
CREATE FUNCTION app.charge(
    ids uuid[], usd numeric[], tokens bigint[], outcome text, alert_share numeric, at timestamptz
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    due uuid[]; touched bigint[]; touched_limits bigint[];
BEGIN
    SELECT array_agg(id) INTO due FROM (
        SELECT id FROM app.reservations
        WHERE id = ANY (ids) AND (state = 'held' OR state = 'expired' AND outcome <> state)
        ORDER BY id FOR NO KEY UPDATE
    ) AS locked;
    IF due IS NULL THEN
        RETURN 0;
    END IF;
    SELECT array_agg(id) INTO touched FROM (
        SELECT id FROM app.budget_windows
        WHERE id IN (SELECT unnest(windows) FROM app.reservations WHERE id = ANY (due))
        ORDER BY id FOR NO KEY UPDATE
    ) AS locked;
    SELECT array_agg(id) INTO touched_limits FROM (
        SELECT id FROM app.limit_windows
        WHERE id IN (SELECT unnest(limits) FROM app.reservations WHERE id = ANY (due))
        ORDER BY id FOR NO KEY UPDATE
    ) AS locked;

    IF touched IS NOT NULL THEN
        UPDATE app.budget_windows AS w
        SET reserved_usd = w.reserved_usd - d.released, settled_usd = w.settled_usd + d.charged
        FROM (
            SELECT window_id, sum(CASE WHEN r.state = 'held' THEN r.reserved_usd ELSE 0 END) AS released,
                sum(v.usd - coalesce(r.charged_usd, 0)) AS charged
            FROM unnest(ids, usd) AS v(id, usd) JOIN app.reservations AS r ON r.id = v.id,
                unnest(r.windows) AS window_id
            WHERE r.id = ANY (due) GROUP BY window_id
        ) AS d WHERE w.id = d.window_id;
        WITH alerted AS (
            UPDATE app.budget_windows SET alerted_at = at
            WHERE id = ANY (touched) AND alerted_at IS NULL AND cap_usd > 0 AND settled_usd >= alert_share * cap_usd
            RETURNING *
        )
        INSERT INTO app.budget_events (at, kind, scope, tenant, subject, period, ends_at, cap_usd, spent_usd)
        SELECT at, 'alert', scope, tenant, subject, period, ends_at, cap_usd, settled_usd FROM alerted;
    END IF;
    IF touched_limits IS NOT NULL THEN
        UPDATE app.limit_windows AS l SET tokens = l.tokens + d.difference
        FROM (
            SELECT e.id, e.starts_at, sum(v.tokens - coalesce(r.charged_tokens, r.reserved_tokens)) AS difference
            FROM unnest(ids, tokens) AS v(id, tokens) JOIN app.reservations AS r ON r.id = v.id,
                unnest(r.limits, r.limit_starts) AS e(id, starts_at)
            WHERE r.id = ANY (due) GROUP BY e.id, e.starts_at
        ) AS d WHERE l.id = d.id AND l.starts_at = d.starts_at;
    END IF;
    UPDATE app.reservations AS r
    SET state = outcome, finished_at = at, charged_usd = v.usd, charged_tokens = v.tokens
    FROM unnest(ids, usd, tokens) AS v(id, usd, tokens) WHERE r.id = v.id AND r.id = ANY (due);
    RETURN cardinality(due);
END $$;

-- Settles a batch of calls: {alert: share, settlements: [{id, usd, tokens, at, windows: [{scope, tenant, subject,
-- period, cap}]}]}; how many were due. One whose reservation is not there, because the database was away or lost it,
-- is charged to the windows that `at` lies in.
CREATE FUNCTION app.settle(batch jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    lost uuid[]; ids uuid[]; usd numeric[]; tokens bigint[]; clock timestamptz := app.admission_clock();
BEGIN
    SELECT array_agg(s.id) INTO lost FROM jsonb_to_recordset(batch -> 'settlements') AS s(id uuid)
    WHERE NOT EXISTS (SELECT FROM app.reservations AS r WHERE r.id = s.id);
    IF lost IS NOT NULL THEN
        PERFORM app.open_windows(jsonb_agg(w || jsonb_build_object('at', s.at)), clock)
        FROM jsonb_to_recordset(batch -> 'settlements') AS s(id uuid, at timestamptz, windows jsonb),
            jsonb_array_elements(s.windows) AS w
        WHERE s.id = ANY (lost);
        INSERT INTO app.reservations
            (id, admitted_at, lease_until, state, reserved_usd, reserved_tokens, windows, limits, limit_starts)
        SELECT s.id, s.at, s.at, 'held', 0, 0, ARRAY(
            SELECT w.id FROM jsonb_to_recordset(s.windows) AS k(scope text, tenant text, subject text, period text)
            JOIN app.budget_windows AS w ON (w.scope, w.tenant, w.subject, w.period, w.starts_at)
                = (k.scope, k.tenant, k.subject, k.period, app.window_start(k.period, s.at))), '{}', '{}'
        FROM jsonb_to_recordset(batch -> 'settlements') AS s(id uuid, at timestamptz, windows jsonb)
        WHERE s.id = ANY (lost) ORDER BY s.id
        ON CONFLICT DO NOTHING;
    END IF;
    SELECT array_agg(s.id ORDER BY s.id), array_agg(s.usd ORDER BY s.id), array_agg(s.tokens ORDER BY s.id)
    INTO ids, usd, tokens FROM (
        SELECT DISTINCT ON (e.id) e.* FROM jsonb_to_recordset(batch -> 'settlements')
            AS e(id uuid, usd numeric, tokens bigint)
    ) AS s;
    RETURN app.charge(ids, usd, tokens, 'settled', (batch ->> 'alert')::numeric, clock);
END $$;

-- Ends reservations whose lease is over because their process died: charged in full, or given back. How many.
CREATE FUNCTION app.expire_reservations(in_full boolean, alert_share numeric, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[]; usd numeric[]; tokens bigint[]; clock timestamptz := app.admission_clock();
BEGIN
    SELECT array_agg(id ORDER BY id), array_agg(CASE WHEN in_full THEN reserved_usd ELSE 0 END ORDER BY id),
        array_agg(CASE WHEN in_full THEN reserved_tokens ELSE 0 END ORDER BY id)
    INTO ids, usd, tokens FROM (
        SELECT id, reserved_usd, reserved_tokens FROM app.reservations WHERE state = 'held' AND lease_until < clock
        ORDER BY id LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked;
    RETURN CASE WHEN ids IS NULL THEN 0 ELSE app.charge(ids, usd, tokens, 'expired', alert_share, clock) END;
END $$;
"""

FORGET = """
-- Removes what nobody needs any more, some at a time: reservations finished longer than `keep` ago (until then they
-- keep a settlement that comes twice from counting twice), minutes that are over, windows of two years ago.
CREATE FUNCTION app.forget_admissions(keep interval, most integer) RETURNS integer LANGUAGE sql AS $$
    WITH old_reservations AS (
        DELETE FROM app.reservations WHERE id IN (
            SELECT id FROM app.reservations WHERE finished_at < app.admission_clock() - keep
            LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING 1
    ), old_limits AS (
        DELETE FROM app.limit_windows WHERE id IN (
            SELECT id FROM app.limit_windows WHERE starts_at < app.admission_clock() - interval '1 hour'
            LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING 1
    ), old_windows AS (
        DELETE FROM app.budget_windows WHERE id IN (
            SELECT id FROM app.budget_windows WHERE ends_at < app.admission_clock() - interval '2 years'
            LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING 1
    )
    SELECT ((SELECT count(*) FROM old_reservations) + (SELECT count(*) FROM old_limits)
        + (SELECT count(*) FROM old_windows))::integer;
$$;
"""

DOWNGRADE = """
DROP FUNCTION app.forget_admissions, app.expire_reservations, app.settle, app.charge, app.note_stops, app.admit,
    app.open_limits, app.open_windows, app.window_end, app.window_start, app.admission_clock;
DROP TABLE flag_log, flags, budget_events, budget_entries, reservations, limit_windows, budget_windows;
DROP TRIGGER notify_change ON releases;
DROP FUNCTION app.notify_change, app.notify_budget_event;
ALTER TABLE release_log DROP COLUMN undoes;
"""


def upgrade() -> None:
    for part in (TABLES, NOTIFY, WINDOWS, ADMIT, SETTLE, FORGET):
        op.execute(part)


def downgrade() -> None:
    op.execute(DOWNGRADE)
