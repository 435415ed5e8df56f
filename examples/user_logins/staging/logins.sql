select
    '${country}'                                                as country,
    upper('${country}') || '-' || trim(${logins.user_id})       as user_id,
    try_strptime(${logins.at}, '${minute}') at time zone '${timezone}'  as logged_in_at,
    ${logins.ip}                                                as ip,
    case lower(trim(${logins.device}))
%{ for word, device in devices ~}
        when '${word}' then '${device}'
%{ endfor ~}
    end                                                         as device,
    ${logins.succeeded}                                         as succeeded
from raw.logins_${country}
