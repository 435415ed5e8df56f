from marts.logins
select
    country,
    logged_in_at::date                         as day,
    device,
    count(*)                                   as logins,
    count(*) filter (where not succeeded)      as failures,
    count(distinct user_id)                    as users
group by all
