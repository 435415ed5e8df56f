-- The night is that of the evening, also after midnight.
select distinct
  v.view_id,
  v.user_id,
  v.title_id,
  v.country,
  v.device,
  v.started_at,
  (v.started_at - interval 12 hours)::date as night,
  v.seconds,
  t.minutes * 60 as longest
from raw.views v
left join raw.titles t using (title_id)
