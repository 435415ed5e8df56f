-- What cannot be understood becomes null here. Whether that matters is decided in marts.
with delivered as (
    select
        upper('${country}') || '-' || trim(${users.id})         as user_id,
        trim(${users.name})                                     as name,
        lower(trim(${users.email}))                             as email,
        ${users.born}                                           as born,
        ${users.signed_up}                                      as signed_up,
        ${users.modified}                                       as modified,
        ${users.newsletter}                                     as newsletter
    from raw.users_${country}
)

select
    '${country}'                                                as country,
    user_id,
    name,
    email,
    try_strptime(born, '${date}')::date                         as born,
    try_strptime(signed_up, '${date}')::date                    as signed_up,
    try_strptime(modified, '${minute}')                         as modified,
    newsletter,
    case
        when email is null or not regexp_full_match(email, '[^@\s]+@[^@\s]+\.[a-z]+') then 'no mail address'
        when try_strptime(born, '${date}') is null                                    then 'no day of birth'
    end                                                         as problem
from delivered
-- The same user may be delivered again, changed: the latest counts.
qualify row_number() over (partition by user_id order by try_strptime(modified, '${minute}') desc) = 1
