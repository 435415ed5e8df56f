# What the SQL must make of users and logins that are made up: `assets test`.

test "the_latest_delivery_of_a_user_counts" {
  asset = "staging.users_uk"

  given "raw.users_uk" {
    rows = [
      { user_id = "7", first_name = "Ada", last_name = "King", email = "ada@example.org", date_of_birth = "10/12/1985", signed_up = "01/02/2023", modified = "01/02/2023 10:00", marketing = "N" },
      { user_id = "7", first_name = "Ada", last_name = "Lovelace", email = " ADA@example.org ", date_of_birth = "10/12/1985", signed_up = "01/02/2023", modified = "05/01/2024 09:30", marketing = "Y" },
    ]
  }

  expect {
    rows = [{ country = "uk", user_id = "UK-7", name = "Ada Lovelace", email = "ada@example.org", born = "1985-12-10", newsletter = true, problem = null }]
  }
}

test "a_day_that_no_calendar_has_is_a_problem" {
  asset = "staging.users_uk"

  given "raw.users_uk" {
    rows = [
      { user_id = "1", email = "a@example.org", date_of_birth = "30/02/1985", modified = "01/01/2024 00:00" },
      { user_id = "2", email = "b at example.org", date_of_birth = "01/02/1985", modified = "01/01/2024 00:00" },
    ]
  }

  expect {
    rows = [
      { user_id = "UK-1", problem = "no day of birth" },
      { user_id = "UK-2", problem = "no mail address" },
    ]
  }
}

test "a_user_without_logins_has_none" {
  asset = "marts.user_activity"

  given "marts.users" {
    rows = [{ country = "fr", user_id = "FR-1" }, { country = "fr", user_id = "FR-2" }]
  }
  given "marts.logins" {
    rows = [
      { user_id = "FR-1", logged_in_at = "2024-01-01 08:00:00", succeeded = false, ip = "192.0.2.1", device = "phone" },
      { user_id = "FR-1", logged_in_at = "2024-01-02 08:00:00", succeeded = true, ip = "192.0.2.1", device = "phone" },
    ]
  }

  expect {
    rows = [
      { user_id = "FR-1", logins = 2, failures = 1, addresses = 1, first_seen_at = "2024-01-01 08:00:00", usual_device = "phone" },
      { user_id = "FR-2", logins = 0, failures = 0, addresses = 0, first_seen_at = null, usual_device = null },
    ]
  }
}

test "nobody_signs_up_before_being_born" {
  asset = "marts.users"

  given "staging.users_uk" {
    rows = [{ country = "uk", user_id = "UK-1", name = "Ada", email = "ada@example.org", born = "2020-01-01", signed_up = "2010-01-01" }]
  }
  given "staging.users_fr" {
    rows = []
  }

  expect_check "nobody_signed_up_before_being_born" {
    status     = "failed"
    violations = 1
  }
}
