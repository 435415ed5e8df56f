%{ for i, country in countries ~}
%{ if i > 0 }union all by name %{ endif }select * from staging.logins_${country}
%{ endfor ~}
