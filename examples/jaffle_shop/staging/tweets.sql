select
    id                      as tweet_id,
    user_id                 as customer_id,
    tweeted_at::timestamp   as tweeted_at,
    content,
    case
        when regexp_matches(content, '\b(worst|awful|terrible|gross|inedible|disgusting|least favorite)\b') then 'unhappy'
        when regexp_matches(content, '\b(best|fantastic|favorite|delicious|amazing|awesome|gooood)\b')      then 'happy'
        else 'neutral'
    end                     as mood
from raw.tweets
