with readings as (
    select
        * replace (
            -- On 12 February Newark claims 1,048 mph. A broken instrument is no weather.
            case when wind_speed < 200 then wind_speed end as wind_speed
        )
    from raw.weather
)

select
    origin,
    time_hour    as hour_utc,
    temp         as temperature_f,
    humid        as humidity_percent,
    wind_speed   as wind_mph,
    precip       as rain_inches,
    visib        as visibility_miles,
    case
        when visib < 1       then 'fog'
        when precip >= 0.1   then 'heavy rain'
        when precip > 0      then 'light rain'
        when wind_speed > 25 then 'storm'
        else 'fair'
    end          as conditions
from readings
