package assets

import "testing"

func TestUnread(t *testing.T) {
	u := Unread{Names: map[Name]bool{MustName("a.b"): true}, Prefixes: []string{"staging.users_", "plain_", "main.other_"}}
	for name, want := range map[string]bool{
		"a.b": true, "a.c": false, "staging.users_fr": true, "staging.users": false, "plain_1": true, "other_1": true, "x.plain_1": false,
	} {
		if got := u.Has(MustName(name)); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if (Unread{}).Has(MustName("a.b")) || !(Unread{Prefixes: []string{""}}).Has(MustName("a.b")) {
		t.Error("nothing holds a name, or anything does not")
	}
}
