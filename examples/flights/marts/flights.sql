-- late_after is the variable of project.hcl, in minutes.
select
    flights.*,
    airlines.airline,
    planes.manufacturer,
    planes.model,
    year(flights.flight_date) - planes.built                        as plane_age,
    coalesce(weather.conditions, 'unknown')                         as conditions,
    weather.temperature_f,
    weather.wind_mph,
    coalesce(flights.arrival_delay >= ${late_after}, false)         as is_late
from staging.flights       as flights
join staging.airlines      as airlines using (carrier)
left join staging.planes   as planes using (tail_number)
left join staging.weather  as weather
    on weather.origin = flights.origin and weather.hour_utc = flights.hour_utc
