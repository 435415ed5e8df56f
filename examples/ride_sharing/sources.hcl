source "raw.trips" {
  description = "One file a night, as the app delivers it: some trips twice, some a night late"
  owner       = "app@example.com"
  files       = "data/trips/*.csv"
  format "csv" {
    types = { trip_id = "VARCHAR", picked_up_at = "TIMESTAMP", dropped_off_at = "TIMESTAMP", km = "DECIMAL(6,1)", fare = "DECIMAL(8,2)" }
  }
}

source "raw.drivers" {
  description = "Drivers, and the share of a fare that is theirs"
  owner       = "people@example.com"
  files       = "data/drivers.csv"
  format "csv" {
    types = { share = "DECIMAL(3,2)" }
  }
}
