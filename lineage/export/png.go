package export

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	sharp     = 2.0      // pixels a point, for screens of today
	legible   = 1.0      // fewer, and nobody can read it
	maxPixels = 32 << 20 // 128 MiB of memory while drawing
)

// PNG writes g as an image. A graph too large for one to be read is an error.
func PNG(w io.Writer, g Graph) error {
	p, err := newPicture(g)
	if err != nil {
		return err
	}
	scale := min(sharp, math.Sqrt(maxPixels/(p.width*p.height)))
	if scale < legible {
		return fmt.Errorf("%d sources and assets do not fit into a PNG that can be read: it would have %.0f × %.0f pixels. Show fewer of them or leave out their columns, or write html or svg",
			len(g.Nodes), p.width, p.height)
	}
	f, err := newFonts(scale)
	if err != nil {
		return err
	}
	c := canvas{image.NewRGBA(image.Rect(0, 0, int(math.Ceil(p.width*scale)), int(math.Ceil(p.height*scale)))), scale, f}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(rgb(paper)), image.Point{}, draw.Src)
	for _, curve := range p.curves {
		c.curve(curve)
	}
	for _, card := range p.cards {
		c.card(card)
	}
	return png.Encode(w, c.img)
}

// canvas is an image that is drawn on in points.
type canvas struct {
	img   *image.RGBA
	scale float64
	fonts fonts
}

func (c canvas) card(card card) {
	c.fill(card.x-0.5, card.y-0.5, card.w+1, card.h+1, border)
	c.fill(card.x+0.5, card.y+0.5, card.w-1, card.h-1, paper)
	c.fill(card.x, card.y, 4, card.h, kindColours[card.node.Kind])
	c.text(c.fonts.bold, card.x+padding, card.y+17, ink, short(card.node.Name.String()))
	c.text(c.fonts.note, card.x+padding, card.y+31, softInk, card.node.Kind)
	for i, column := range card.node.Columns {
		y := card.y + headSize + rowSize*float64(i)
		c.fill(card.x+4, y-0.5, card.w-4.5, 1, faintLine)
		c.text(c.fonts.regular, card.x+padding, y+14, ink, short(column.Name))
		kind := short(column.Type)
		c.text(c.fonts.note, card.x+card.w-padding-width(c.fonts.note, kind)/c.scale, y+14, softInk, kind)
	}
}

func (c canvas) fill(x, y, w, h float64, colour string) {
	c.polygon([]spot{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, colour)
}

func (c canvas) text(face font.Face, x, y float64, colour, text string) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(rgb(colour)), Face: face,
		Dot: fixed.Point26_6{X: fixed.Int26_6(x * c.scale * 64), Y: fixed.Int26_6(y * c.scale * 64)}}
	d.DrawString(text)
}

// curve draws a line of one colour: the outline of its two sides.
func (c canvas) curve(curve curve) {
	colour := line
	if curve.faint {
		colour = faintLine
	}
	const steps = 24
	for i := 1; i < len(curve.points); i++ {
		from, to := curve.points[i-1], curve.points[i]
		outline := make([]spot, 2*(steps+1))
		for s := range steps + 1 {
			at, slope := level(from, to, float64(s)/steps)
			length := math.Hypot(slope.x, slope.y)
			nx, ny := -slope.y/length*0.7, slope.x/length*0.7
			outline[s] = spot{at.x + nx, at.y + ny}
			outline[len(outline)-1-s] = spot{at.x - nx, at.y - ny}
		}
		c.polygon(outline, colour)
	}
}

// level is a point of the curve that [svgPath] writes, and how it goes on there.
func level(from, to spot, t float64) (at, slope spot) {
	half := (from.x + to.x) / 2
	u := 1 - t
	at.x = u*u*u*from.x + 3*u*u*t*half + 3*u*t*t*half + t*t*t*to.x
	at.y = (u*u*u+3*u*u*t)*from.y + (3*u*t*t+t*t*t)*to.y
	slope.x = 3*u*u*(half-from.x) + 3*t*t*(to.x-half)
	slope.y = 6 * u * t * (to.y - from.y)
	return at, slope
}

// polygon fills a shape, with smooth borders.
func (c canvas) polygon(points []spot, colour string) {
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		minX, maxX = min(minX, p.x), max(maxX, p.x)
		minY, maxY = min(minY, p.y), max(maxY, p.y)
	}
	area := image.Rect(int(math.Floor(minX*c.scale)), int(math.Floor(minY*c.scale)),
		int(math.Ceil(maxX*c.scale)), int(math.Ceil(maxY*c.scale)))
	r := vector.NewRasterizer(area.Dx(), area.Dy()) // of the shape's size, not the picture's
	for i, p := range points {
		x, y := float32(p.x*c.scale-float64(area.Min.X)), float32(p.y*c.scale-float64(area.Min.Y))
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(c.img, area, image.NewUniform(rgb(colour)), image.Point{})
}

// rgb reads a colour such as #1d2733.
func rgb(text string) color.RGBA {
	n, _ := strconv.ParseUint(text[1:], 16, 32) // ours, all of six digits
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
}
