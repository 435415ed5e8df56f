// Package examples holds projects that run as they are, each with real data:
//
//   - jaffle_shop: a café's orders, customers and products. Begin here.
//   - flights: every flight from New York in 2013, with the weather.
//   - user_logins: countries that deliver differing files, united by one pipeline.
//
// They are embedded, for `assets init -example NAME`. Synthetic, beside them,
// is a program that writes projects of any size.
package examples
