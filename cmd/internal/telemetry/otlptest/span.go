package otlptest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is a span as it arrived.
type Span struct {
	Trace, ID, Parent string // in hex; Parent is empty for a root
	Name              string
	Began, Ended      time.Time
	Failed            bool   // its status is an error
	Message           string // of the status
	Attributes        map[string]string
	Events            []Event
	Resource          map[string]string
}

// Event is something that happened in a span.
type Event struct {
	Name       string
	At         time.Time
	Attributes map[string]string
}

func spansOf(request *tracepb.ExportTraceServiceRequest) (spans []Span) {
	for _, r := range request.ResourceSpans {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				out := Span{
					Trace: fmt.Sprintf("%x", span.TraceId), ID: fmt.Sprintf("%x", span.SpanId), Parent: fmt.Sprintf("%x", span.ParentSpanId), Name: span.Name,
					Began: moment(span.StartTimeUnixNano), Ended: moment(span.EndTimeUnixNano),
					Failed: span.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR, Message: span.GetStatus().GetMessage(),
					Attributes: texts(span.Attributes), Resource: texts(r.GetResource().GetAttributes()),
				}
				for _, e := range span.Events {
					out.Events = append(out.Events, Event{e.Name, moment(e.TimeUnixNano), texts(e.Attributes)})
				}
				spans = append(spans, out)
			}
		}
	}
	return spans
}

func moment(nanoseconds uint64) time.Time { return time.Unix(0, int64(nanoseconds)).UTC() }

func texts(attributes []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range attributes {
		switch v := a.Value.GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[a.Key] = fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_BoolValue:
			out[a.Key] = fmt.Sprint(v.BoolValue)
		case *commonpb.AnyValue_DoubleValue:
			out[a.Key] = fmt.Sprint(v.DoubleValue)
		default:
			out[a.Key] = fmt.Sprint(a.Value)
		}
	}
	return out
}

// Tree shows spans below their parents, those of one parent by name, each with the values
// of some attributes. An error says that something in it cannot be: a span that ends before it begins, is
// not within its parent's time, or stands for two.
func Tree(spans []Span, attributes ...string) (string, error) {
	byID, below := map[string]Span{}, map[string][]Span{}
	for _, s := range spans {
		if _, twice := byID[s.ID]; twice {
			return "", fmt.Errorf("two spans have the id %s", s.ID)
		}
		byID[s.ID] = s
	}
	for _, s := range spans {
		parent, known := byID[s.Parent]
		key := s.Parent
		if !known {
			key = "" // its parent is in another process
		}
		below[key] = append(below[key], s)
		switch {
		case s.Ended.Before(s.Began):
			return "", fmt.Errorf("%s ends before it begins", s.Name)
		case known && (s.Began.Before(parent.Began) || s.Ended.After(parent.Ended)):
			return "", fmt.Errorf("%s (%s to %s) is not within %s (%s to %s)", s.Name, s.Began, s.Ended, parent.Name, parent.Began, parent.Ended)
		case known && s.Trace != parent.Trace:
			return "", fmt.Errorf("%s is in another trace than %s", s.Name, parent.Name)
		}
	}
	var b strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		children := below[parent]
		slices.SortFunc(children, func(a, b Span) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.Began.Compare(b.Began)) })
		for _, s := range children {
			b.WriteString(indent + s.Name)
			for _, name := range attributes {
				if value, ok := s.Attributes[name]; ok {
					fmt.Fprintf(&b, " %s=%s", name, value)
				}
			}
			if s.Failed {
				fmt.Fprintf(&b, " ERROR %s", s.Message)
			}
			b.WriteByte('\n')
			for _, e := range s.Events {
				fmt.Fprintf(&b, "%s  · %s %s %s\n", indent, e.Name, e.Attributes["assets.check"], e.Attributes["assets.check.status"])
			}
			write(s.ID, indent+"  ")
		}
	}
	write("", "")
	return b.String(), nil
}
