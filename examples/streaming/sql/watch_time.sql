select
  v.night,
  v.country,
  v.title_id,
  t.title,
  count(distinct v.user_id) as viewers,
  sum(v.seconds) as seconds
from staging.views v
join raw.titles t using (title_id)
group by all
