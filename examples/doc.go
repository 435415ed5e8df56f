// Package examples holds projects that run as they are, each with real data:
//
//   - jaffle_shop: a café's orders, customers and products. Begin here.
//   - flights: every flight from New York in 2013, with the weather.
//   - user_logins: countries that deliver differing files, united by one pipeline.
//   - ride_sharing: a broken night of trips pays nobody.
//   - streaming: top picks are due at 08:00 in London, from files that arrive all night.
//
// They are embedded, for `assets init -example NAME`. Synthetic, beside them,
// is a program that writes projects of any size.
package examples
