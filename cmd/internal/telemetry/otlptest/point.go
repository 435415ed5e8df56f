package otlptest

import (
	"fmt"
	"slices"
	"strings"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
)

// Point is a value of a metric as it arrived; of a histogram, how many values it holds.
type Point struct {
	Metric   string
	Labels   map[string]string
	Value    float64
	Resource map[string]string
}

// String is a point as Prometheus would write it.
func (p Point) String() string {
	var labels []string
	for name, value := range p.Labels {
		labels = append(labels, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(labels)
	text := p.Metric
	if labels != nil {
		text += "{" + strings.Join(labels, ",") + "}"
	}
	return fmt.Sprintf("%s %v", text, p.Value)
}

func pointsOf(request *metricspb.ExportMetricsServiceRequest) (points []Point) {
	for _, r := range request.ResourceMetrics {
		resource := texts(r.GetResource().GetAttributes())
		for _, s := range r.ScopeMetrics {
			for _, m := range s.Metrics {
				for _, p := range append(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()...) {
					value := p.GetAsDouble()
					if whole, ok := p.Value.(*metrics.NumberDataPoint_AsInt); ok {
						value = float64(whole.AsInt)
					}
					points = append(points, Point{m.Name, texts(p.Attributes), value, resource})
				}
				for _, p := range m.GetHistogram().GetDataPoints() {
					points = append(points, Point{m.Name, texts(p.Attributes), float64(p.Count), resource})
				}
			}
		}
	}
	return points
}
