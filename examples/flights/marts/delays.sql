-- One question, asked of the flights by airline, by route, by weather and by hour.
select
    ${by},
    count(*)                                                        as flights,
    count(*) filter (where is_cancelled)                            as cancelled,
    count(*) filter (where is_late)                                 as late,
    (100.0 * count(*) filter (where is_late) / count(*))::decimal(4, 1)       as late_percent,
    (100.0 * count(*) filter (where is_cancelled) / count(*))::decimal(4, 1)  as cancelled_percent,
    median(arrival_delay)::integer                                  as median_delay,
    quantile_disc(arrival_delay, 0.9)                               as p90_delay,
    max(arrival_delay)                                              as worst_delay
from marts.flights
group by all
