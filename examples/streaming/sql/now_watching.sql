select
  date_trunc('hour', started_at) as hour,
  country,
  device,
  count(distinct user_id) as viewers
from staging.views
where date_trunc('hour', started_at) = (select max(date_trunc('hour', started_at)) from staging.views)
group by all
