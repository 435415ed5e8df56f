asset "marts.users" {
  description = "Every user of every country that can be written to"
  owner       = "crm@example.com"
  tags        = ["personal data"]
  contract    = "strict" # others build on it: no column comes, goes or changes unseen
  sql         = templatefile("users.sql", { countries = keys(local.countries) })

  column "country" {
    type = "VARCHAR"
    check "accepted_values" { values = keys(local.countries) }
  }
  column "user_id" {
    type     = "VARCHAR"
    nullable = false
    check "unique" {}
    check "matches" { pattern = "^[A-Z]{2}-[0-9]+$" }
  }
  column "name" {
    type      = "VARCHAR"
    sensitive = true
    check "not_empty" {}
  }
  column "email" {
    type      = "VARCHAR"
    nullable  = false
    sensitive = true # rows that a check finds never show it
    check "unique" {}
  }
  column "born" {
    type      = "DATE"
    sensitive = true
  }
  column "signed_up" {
    type     = "DATE"
    nullable = false
  }
  column "modified" {
    type = "TIMESTAMP"
  }
  column "newsletter" {
    type        = "BOOLEAN"
    description = "Agreed to be written to"
  }
  check "expression" {
    name       = "nobody_signed_up_before_being_born"
    expression = "signed_up > born"
  }
}

asset "marts.rejected_users" {
  description = "Users that were delivered but cannot be used, and why"
  owner       = "crm@example.com"
  tags        = ["personal data"]
  sql         = templatefile("rejected_users.sql", { countries = keys(local.countries) })

  column "problem" {
    check "not_null" {}
  }
  check "sql" {
    name        = "one_in_ten_at_most"
    description = "More than that is not a typing mistake but a broken delivery"
    severity    = "warn"
    sql         = <<-SQL
      select country, count(*) as rejected
      from marts.rejected_users
      group by country
      having count(*) > 0.1 * (select count(*) from marts.users as u where u.country = rejected_users.country)
    SQL
  }
}

asset "marts.logins" {
  description = "Every login of every country, times in UTC"
  owner       = "security@example.com"
  sql         = templatefile("logins.sql", { countries = keys(local.countries) })

  column "user_id" {
    check "relationships" {
      to       = "marts.users"
      severity = "warn" # rejected users log in too; so do some that nobody delivered
    }
  }
}

asset "marts.daily_logins" {
  description = "Logins and failures per country, day and device"
  owner       = "security@example.com"
  tags        = ["published"]
  sql         = file("daily_logins.sql")

  check "unique" { columns = ["country", "day", "device"] }
}

asset "marts.user_activity" {
  description = "What each user did so far"
  owner       = "crm@example.com"
  tags        = ["published"]
  sql         = file("user_activity.sql")

  column "user_id" {
    check "unique" {}
    check "relationships" { to = "marts.users" }
  }
}

asset "marts.newsletter" {
  description = "Whom to write to: agreed, and seen in the last month of the data"
  owner       = "crm@example.com"
  tags        = ["published", "personal data"]

  materialize "view" {}

  sql = <<-SQL
    select users.country, users.name, users.email, activity.last_seen_at
    from marts.users as users
    join marts.user_activity as activity using (user_id)
    where users.newsletter
      and activity.last_seen_at > (select max(last_seen_at) from marts.user_activity) - interval 1 month
  SQL
}
