package materialize_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-4311623e/assets/materialize"
)

func TestASourceThatMovesWhileItIsReadIsReadAgain(t *testing.T) {
	w := testWorld(t, shop())
	var once sync.Once
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.AssetFinished && e.Asset.String() == "staging.orders" {
			once.Do(func() { w.csv("data/orders.csv", "id,customer,amount,note", "1,new,1,n") })
		}
	}
	w.apply()
	w.onEvent = nil
	wantRows(t, w, "mart.customers", "{'customer': new, 'spent': 1}")
	wantRows(t, w, "mart.notes", "{'note': n}")
	wantNothingToDo(t, w)
}

func TestASourceThatVanishesFailsItsReaders(t *testing.T) {
	w := testWorld(t, shop())
	p := w.plan()
	if err := os.Remove(filepath.Join(w.dir, "data/orders.csv")); err != nil {
		t.Fatal(err)
	}
	result := w.carryOut(p)
	wantOutcomes(t, result, "staging.orders failed", "mart.customers skipped", "mart.notes skipped", "mart.big_spenders skipped")
	if !strings.Contains(result.Assets[0].Message, "raw.orders") {
		t.Errorf("message = %q, want it to name the source", result.Assets[0].Message)
	}
}

// A look that failed may still know where the last version can be read.
func TestASourceIsReadFromWhatWasKeptOfIt(t *testing.T) {
	w := testWorld(t, shop())
	p := w.plan()
	for name, look := range p.looks {
		look.Err = "the server is down"
		p.looks[name] = look
	}
	wantOutcomes(t, w.carryOut(p), "staging.orders built", "mart.customers built", "mart.notes built", "mart.big_spenders built")

	w = testWorld(t, shop())
	p = w.plan()
	for name, look := range p.looks {
		look.Err, look.Unreadable, look.SQL, look.Files = "no file", true, "", nil
		p.looks[name] = look
	}
	if result := w.carryOut(p); !strings.Contains(result.Assets[0].Message, "source raw.orders cannot be read: no file") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
}

func TestSourceFilesAreVersionedByContent(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	data, err := os.ReadFile(filepath.Join(w.dir, "data/orders.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("data/moved.csv", string(data))
	w.write("shop.hcl", strings.Replace(shop()["shop.hcl"], "data/orders.csv", "data/moved.csv", 1))
	wantNothingToDo(t, w)
}
