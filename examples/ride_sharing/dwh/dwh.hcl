asset "dwh.trips" {
  description = "Trips with their drivers, and what each is owed"
  owner       = "data@example.com"
  sql         = <<-SQL
    select t.trip_id, t.night, t.driver_id, d.name as driver, t.km, t.fare, (t.fare * d.share)::decimal(8,2) as earned
    from staging.trips t
    left join raw.drivers d using (driver_id)
  SQL

  column "trip_id" {
    check "unique" {}
  }
  check "relationships" {
    columns = ["driver_id"]
    to      = "raw.drivers"
  }
  check "reconcile" {
    expression = "sum(fare)"
    to         = "staging.trips"
  }
}
