package export

import (
	"fmt"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// fonts are those of PNG, and what texts are measured with for both formats. They
// are part of the program, as fonts of the machine would make other bytes on
// another one. They hold Latin, Greek and Cyrillic; PNG shows a box for others.
type fonts struct{ regular, bold, note font.Face }

// newFonts makes the fonts for a picture that many times as large.
func newFonts(scale float64) (f fonts, err error) {
	for _, face := range []struct {
		to   *font.Face
		ttf  []byte
		size float64
	}{{&f.regular, goregular.TTF, textSize}, {&f.bold, gobold.TTF, textSize}, {&f.note, goregular.TTF, noteSize}} {
		parsed, err := opentype.Parse(face.ttf)
		if err != nil {
			return f, fmt.Errorf("read a font: %w", err)
		}
		*face.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: face.size * scale, DPI: 72})
		if err != nil {
			return f, fmt.Errorf("prepare a font: %w", err)
		}
	}
	return f, nil
}

func width(face font.Face, text string) float64 {
	return float64(font.MeasureString(face, text)) / float64(fixed.I(1))
}

// short is text as a card shows it: on one line, and not wider than a card should be.
func short(text string) string {
	runes := []rune(printable(text))
	for i, r := range runes {
		if r == '\n' {
			runes[i] = ' '
		}
	}
	if len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return string(runes)
}

// cardWidth is what a node needs for its longest line.
func cardWidth(f fonts, n Node) float64 {
	w := max(120, width(f.bold, short(n.Name.String()))+2*padding)
	for _, c := range n.Columns {
		w = max(w, width(f.regular, short(c.Name))+width(f.note, short(c.Type))+3*padding)
	}
	return w
}
