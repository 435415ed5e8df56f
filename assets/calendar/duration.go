package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads Go's durations and days: "90s", "1h30m", "7d", "1d12h". None is
// negative.
func ParseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no duration", s)
	var days time.Duration
	rest := s
	if n, after, ok := strings.Cut(s, "d"); ok {
		f, err := strconv.ParseFloat(n, 64)
		if err != nil || !(f >= 0 && f <= 100*366) { // so that NaN is wrong, too
			return 0, wrong
		}
		if days = time.Duration(f * 24 * float64(time.Hour)); after == "" {
			return days, nil
		}
		rest = after
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || days+d < 0 {
		return 0, wrong
	}
	return days + d, nil
}
