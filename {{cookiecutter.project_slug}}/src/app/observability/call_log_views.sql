-- Questions about the call log that are asked every week. Safe to run again.

create or replace view app.cost_by_day as
select
  (at at time zone 'UTC')::date as day, tenant, task, model, prompt_version,
  count(*) as calls,
  count(*) filter (where cached) as cached_calls,
  count(*) filter (where status <> 'ok') as failed_calls,
  sum(input_tokens) as input_tokens,
  sum(output_tokens) as output_tokens,
  sum(cost_usd) as cost_usd,
  count(*) filter (where cost_usd is null) as calls_without_price,
  percentile_cont(0.5) within group (order by latency_ms) as p50_latency_ms,
  percentile_cont(0.95) within group (order by latency_ms) as p95_latency_ms
from app.calls
group by 1, 2, 3, 4, 5;

create or replace view app.failures as
select
  c.at, c.id as call_id, c.trace_id, c.tenant, c.task, c.model, c.provider, c.status, c.error, c.degraded,
  (select count(*) from app.attempts a where a.call_id = c.id) as attempts,
  (
    select string_agg(a.deployment || ': ' || a.status || coalesce(' ' || a.http_status, ''), '; ' order by a.ordinal)
    from app.attempts a where a.call_id = c.id and a.status <> 'ok'
  ) as failed_attempts
from app.calls c
where c.status <> 'ok' or c.degraded;

create or replace view app.failures_by_day as
select (at at time zone 'UTC')::date as day, task, status, error, count(*) as calls
from app.calls
where status <> 'ok'
group by 1, 2, 3, 4;

create or replace view app.cost_by_user as
select
  (at at time zone 'UTC')::date as day, tenant, user_id, session_id, task, model, prompt_version,
  count(*) as calls,
  count(*) filter (where status <> 'ok') as failed_calls,
  sum(input_tokens) as input_tokens,
  sum(output_tokens) as output_tokens,
  sum(cost_usd) as cost_usd,
  count(*) filter (where cost_usd is null) as calls_without_price
from app.calls
group by 1, 2, 3, 4, 5, 6, 7;

-- What each cache saved. `provider_*` is the provider's own prompt cache: tokens it read from there at a lower price.
create or replace view app.cache_savings as
select
  (at at time zone 'UTC')::date as day, tenant, task,
  count(*) as calls,
  count(*) filter (where cache = 'exact') as exact_hits,
  count(*) filter (where cache = 'shared') as shared_hits,
  count(*) filter (where cache = 'semantic') as semantic_hits,
  count(*) filter (where cache = 'embedding') as embedding_hits,
  avg((cache is not null)::int) as hit_rate,
  sum(saved_tokens) as saved_tokens,
  sum(saved_usd) filter (where cache is not null) as saved_usd,
  sum(cached_input_tokens) filter (where cache is null) as provider_tokens,
  sum(saved_usd) filter (where cache is null) as provider_saved_usd,
  count(*) filter (where saved_usd is null and cache is not null) as hits_without_price
from app.calls
where status = 'ok'
group by 1, 2, 3;
