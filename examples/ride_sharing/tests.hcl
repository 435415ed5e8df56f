# What the SQL must make of trips that are made up: `assets test`.

test "a_trip_that_was_sent_twice_is_one_trip" {
  asset = "staging.trips"

  given "raw.trips" {
    rows = [
      { trip_id = "T00100001", driver_id = 7, picked_up_at = "2024-03-02 01:30:00", dropped_off_at = "2024-03-02 01:45:00", km = 4.6, fare = 11.78, currency = "EUR" },
      { trip_id = "T00100001", driver_id = 7, picked_up_at = "2024-03-02 01:30:00", dropped_off_at = "2024-03-02 01:45:00", km = 4.6, fare = 11.78, currency = "EUR" },
    ]
  }

  expect {
    rows = [{ trip_id = "T00100001", night = "2024-03-01", minutes = 15, fare = 11.78 }]
  }
}

test "a_wrong_currency_is_found" {
  asset = "staging.trips"

  given "raw.trips" {
    rows = [
      { trip_id = "T00100001", driver_id = 7, picked_up_at = "2024-03-01 21:00:00", dropped_off_at = "2024-03-01 21:20:00", fare = 10, currency = "EUR" },
      { trip_id = "T00100002", driver_id = 7, picked_up_at = "2024-03-01 22:00:00", dropped_off_at = "2024-03-01 22:20:00", fare = 10, currency = "USD" },
    ]
  }

  expect_check "between(fare)" { status = "passed" }
  expect_check "accepted_values(currency)" {
    status     = "failed" # apply puts the row aside
    violations = 1
  }
}

test "a_driver_gets_their_share" {
  asset = "dwh.trips"

  given "staging.trips" {
    rows = [{ trip_id = "T00100001", driver_id = 7, night = "2024-03-01", fare = 10 }]
  }
  given "raw.drivers" {
    rows = [{ driver_id = 7, name = "Ada Abel", share = 0.75 }]
  }

  expect {
    rows = [{ trip_id = "T00100001", driver = "Ada Abel", earned = 7.50 }]
  }
}
