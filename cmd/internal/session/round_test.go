package session

import (
	"testing"
	"time"
)

// What arrived and was not recorded yet counts also after a look that found nothing new:
// what reads the source has been behind since the first of it.
func TestWhatArrivedBeforeOutlivesALookThatFindsNothingNew(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	now := time.Now().Add(time.Hour).UTC()
	k := NewKeeper(Options{Dir: dir, Now: func() time.Time { return now }})
	defer k.Close()
	loaded := k.Load()(ctx)
	mustNot(t, loaded.Diags)
	k.Take(loaded)
	look := func() {
		now = now.Add(time.Minute)
		looks, err := k.Observe(nil)(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, diags := k.Admit(ctx, looks)
		mustNot(t, diags)
	}
	behindSince := func() time.Time {
		_, plan := k.Plan()
		return plan.Steps[0].BehindSince
	}
	write(t, dir, "orders.csv", "id,amount\n3,30\n")
	look()
	first := behindSince()
	write(t, dir, "orders.csv", "id,amount\n4,40\n")
	for range 3 {
		look()
		if since := behindSince(); first.IsZero() || !since.Equal(first) {
			t.Fatalf("behind since %v, not since %v", since, first)
		}
	}
}
