-- A phone that got no answer sends its trip again. Refunds and other mistakes stay
-- in: the checks put them aside, where somebody sees them.
select distinct
  trip_id,
  driver_id,
  (picked_up_at - interval 12 hours)::date as night,
  picked_up_at,
  date_diff('minute', picked_up_at, dropped_off_at) as minutes,
  km,
  fare,
  currency
from raw.trips
