package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// All lengths are in points. Three points are four pixels, so the width of 600 points is 800
// pixels.
const (
	width       vg.Length = 600
	rowHeight   vg.Length = 170
	titleHeight vg.Length = 48
	margin      vg.Length = 8
)

// sans is the font family with which the widths of texts are measured. sansOrAlike also lists
// other families, for viewers that do not have the family sans. In these other families, the
// letters have the same or nearly the same widths.
const sans, sansOrAlike = "font-family:Liberation Sans", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif"

func (c chart) draw(all results) ([]byte, error) {
	rows := len(c.panels) / c.columns
	height := titleHeight + vg.Length(rows)*rowHeight
	svg := vgsvg.New(width, height)
	canvas := draw.New(svg)
	fill(canvas, color.White)
	plots, shown, widest := make([][]*plot.Plot, rows), map[string]bool{}, 0.0
	for i, panel := range c.panels {
		groups, err := panel.bars(all)
		if err != nil {
			return nil, err
		}
		for _, b := range slices.Concat(groups...) {
			shown[b.library] = true
			widest = max(widest, b.left+1+gap/2)
		}
		plots[i/c.columns] = append(plots[i/c.columns], panel.plot(groups))
	}
	for _, p := range slices.Concat(plots...) {
		p.X.Max = widest // so that the bars of all panels have the same width
	}
	c.heading(draw.Crop(canvas, margin, -margin, height-titleHeight+margin, -margin), shown)
	tiles := draw.Tiles{Rows: rows, Cols: c.columns, PadX: margin, PadY: margin, PadRight: margin, PadLeft: margin, PadBottom: margin}
	body := draw.Crop(canvas, 0, 0, 0, -titleHeight)
	for i, row := range plot.Align(plots, tiles, body) {
		for j, tile := range row {
			plots[i][j].Draw(tile)
		}
	}
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(b.Bytes(), []byte(sans), []byte(sansOrAlike)), nil
}

func (c chart) heading(area draw.Canvas, shown map[string]bool) {
	title := style(11)
	title.Font.Weight = 3 // bold
	title.YAlign = draw.YTop
	area.FillText(title, vg.Point{X: area.Min.X, Y: area.Max.Y}, c.title)
	const swatch, lineHeight = 8, 11
	lines := legend(area.Max.X-area.Min.X-swatch-3, shown)
	first := area.Min.Y + vg.Length(len(lines)-1)*lineHeight/2
	for i, line := range lines {
		for _, e := range line {
			at := vg.Point{X: area.Min.X + e.left, Y: first - vg.Length(i)*lineHeight}
			fill(draw.Canvas{Canvas: area.Canvas, Rectangle: vg.Rectangle{Min: at, Max: at.Add(vg.Point{X: swatch, Y: swatch})}}, e.color)
			area.FillText(style(8), at.Add(vg.Point{X: swatch + 3, Y: 1}), e.label)
		}
	}
}

// An entry shows one library in the legend. left is the position of the entry in its line.
type entry struct {
	label string
	color color.Color
	left  vg.Length
}

// legend returns the entries for the libraries in shown. It splits the entries into lines. No
// line is wider than widest.
func legend(widest vg.Length, shown map[string]bool) (lines [][]entry) {
	const between = 8 + 3 + 10 // the coloured square, and the gaps to its left and right
	var line []entry
	var left vg.Length
	for _, l := range libraries {
		if !shown[l.name] {
			continue
		}
		width := 1.15 * style(8).Width(l.label) // the viewer's font may be wider
		if left+width > widest {
			lines, line, left = append(lines, line), nil, 0
		}
		line = append(line, entry{l.label, l.color, left})
		left += width + between
	}
	return append(lines, line)
}

func fill(c draw.Canvas, col color.Color) {
	c.FillPolygon(col, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

func style(size vg.Length) text.Style {
	return text.Style{
		Color: color.Gray{0x20}, Handler: plot.DefaultTextHandler,
		Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
	}
}

// missingError is the error for a benchmark that has no results in the input.
type missingError struct{ series }

func (e *missingError) Error() string {
	return "the input has no " + e.metric + " of Benchmark" + e.benchmark
}

// A bar shows the result of one library. left is the position of the bar. The unit is the
// width of a bar.
type bar struct {
	library string
	color   color.Color
	value   float64
	left    float64
}

// The constant gap is the distance between two groups. The unit is the width of a bar.
const gap = 0.7

// bars returns the bars of each group, from left to right.
func (p panel) bars(all results) ([][]bar, error) {
	var groups [][]bar
	left := gap / 2
	for _, g := range p.groups {
		figures := map[string][]float64{}
		for _, benchmark := range g.benchmarks {
			s := series{benchmark, p.metric}
			if all[s] == nil {
				return nil, &missingError{s}
			}
			for library, f := range all[s] {
				figures[library] = append(figures[library], f...)
			}
		}
		var bars []bar
		for _, l := range libraries {
			if f := figures[l.name]; f != nil {
				bars = append(bars, bar{l.name, l.color, median(f) * p.scale, left})
				left++
				delete(figures, l.name)
			}
		}
		for library := range figures {
			return nil, fmt.Errorf("%v measure %q, which has no colour", g.benchmarks, library)
		}
		groups = append(groups, bars)
		left += gap
	}
	return groups, nil
}

func (p panel) plot(groups [][]bar) *plot.Plot {
	pl := plot.New()
	pl.BackgroundColor = nil
	pl.Title.Text, pl.Title.TextStyle.Font, pl.Title.Padding = p.title, style(8).Font, 2
	pl.Y.Label.Text, pl.Y.Label.TextStyle.Font, pl.Y.Label.Padding = p.axis, style(8).Font, 2
	pl.Y.Tick.Label.Font, pl.X.Tick.Label.Font = style(7.5).Font, style(7.5).Font
	pl.X.Tick.Length, pl.Y.Tick.Length = 4, 2
	pl.X.Tick.Color, pl.Y.Tick.Color = color.White, color.White // the ticks are invisible, but keep the labels away from the axis
	pl.X.Padding, pl.Y.Padding = 0, 0
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, color.Gray{0xE0}
	pl.Add(grid)
	var ticks []plot.Tick
	for i, g := range groups {
		pl.Add(bars(g))
		middle := (g[0].left + g[len(g)-1].left + 1) / 2
		ticks = append(ticks, plot.Tick{Value: middle, Label: p.groups[i].label})
		for _, b := range g {
			pl.Y.Max = max(pl.Y.Max, 1.15*b.value)
		}
	}
	pl.X.Min, pl.Y.Min = 0, 0
	pl.X.Tick.Marker, pl.Y.Tick.Marker = plot.ConstantTicks(ticks), plot.TickerFunc(round)
	return pl
}

// The type bars draws the bars of a group, and writes the value above each bar.
type bars []bar

func (bs bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	value := style(7)
	value.XAlign = draw.XCenter
	for _, b := range bs {
		area := c
		area.Min, area.Max = vg.Point{X: x(b.left), Y: y(0)}, vg.Point{X: x(b.left + 0.92), Y: y(b.value)}
		fill(area, b.color)
		c.FillText(value, vg.Point{X: (area.Min.X + area.Max.X) / 2, Y: area.Max.Y + 2}, format(b.value))
	}
}

// The function round returns about three ticks for an axis. The distance between two ticks is 1,
// 2 or 5 times a power of ten.
func round(_, highest float64) []plot.Tick {
	step := math.Pow10(int(math.Floor(math.Log10(highest / 2))))
	for _, times := range []float64{5, 2} {
		if 2*times*step <= highest {
			step *= times
			break
		}
	}
	var ticks []plot.Tick
	for n := 0.0; n*step <= highest; n++ {
		ticks = append(ticks, plot.Tick{Value: n * step, Label: strconv.FormatFloat(n*step, 'g', 6, 64)})
	}
	return ticks
}

// format returns v as text. Whole numbers have all digits. Other numbers have about three
// digits.
func format(v float64) string {
	digits := 2
	switch {
	case v >= 100 || v == math.Trunc(v):
		digits = 0
	case v >= 1:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
