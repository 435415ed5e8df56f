select
    users.country,
    users.user_id,
    count(logins.logged_in_at)                                   as logins,
    count(logins.logged_in_at) filter (where not succeeded)      as failures,
    count(distinct logins.ip)                                    as addresses,
    min(logins.logged_in_at)                                     as first_seen_at,
    max(logins.logged_in_at)                                     as last_seen_at,
    mode(logins.device order by logins.device)                   as usual_device
from marts.users       as users
left join marts.logins as logins using (user_id)
group by all
