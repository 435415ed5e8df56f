select
  country,
  row_number() over (partition by country order by seconds desc, title_id) as place,
  title,
  viewers,
  round(seconds / 3600, 1)::decimal(9, 1) as hours,
  night
from mart.watch_time
where night = (select max(night) from mart.watch_time)
qualify place <= 3
