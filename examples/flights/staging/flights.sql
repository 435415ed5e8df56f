select
    make_date(year, month, day)                                         as flight_date,
    carrier,
    flight                                                              as flight_number,
    nullif(tailnum, 'NA')                                               as tail_number,
    origin,
    dest,
    time_hour                                                           as hour_utc,
    make_timestamp(year, month, day, hour, minute, 0)                   as scheduled_local,
    nullif(dep_delay, 'NA')::integer                                    as departure_delay,
    nullif(arr_delay, 'NA')::integer                                    as arrival_delay,
    nullif(air_time, 'NA')::integer                                     as air_minutes,
    distance                                                            as distance_miles,
    dep_time = 'NA'                                                     as is_cancelled
from raw.flights
