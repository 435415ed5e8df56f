%{ for i, country in countries ~}
%{ if i > 0 }union all by name %{ endif }select * exclude (problem) from staging.users_${country} where problem is null
%{ endfor ~}
