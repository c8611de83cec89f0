package function

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"
)

// writer turns JSON objects into protobuf ones. structpb.NewStruct does the same
// with an allocation for every value and for every wrapper of it, which is most
// of the work of a call: writer takes them from blocks.
type writer struct {
	values  []structpb.Value
	strings []structpb.Value_StringValue
	objects []structpb.Value_StructValue
}

const block = 128

func (w *writer) object(in map[string]any) (*structpb.Struct, error) {
	out := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(in))}
	for key, item := range in {
		if !utf8.ValidString(key) {
			return nil, fmt.Errorf("cannot write field %q: it is no UTF-8", key)
		}
		value, err := w.value(item)
		if err != nil {
			return nil, err
		}
		out.Fields[key] = value
	}
	return out, nil
}

func (w *writer) list(in []any) (*structpb.ListValue, error) {
	out := &structpb.ListValue{Values: make([]*structpb.Value, len(in))}
	for i, item := range in {
		value, err := w.value(item)
		if err != nil {
			return nil, err
		}
		out.Values[i] = value
	}
	return out, nil
}

func (w *writer) value(in any) (*structpb.Value, error) {
	if len(w.values) == 0 {
		w.values = make([]structpb.Value, block)
	}
	out := &w.values[0]
	w.values = w.values[1:]
	switch v := in.(type) {
	case nil:
		out.Kind = &structpb.Value_NullValue{}
	case bool:
		out.Kind = &structpb.Value_BoolValue{BoolValue: v}
	case int64:
		out.Kind = &structpb.Value_NumberValue{NumberValue: float64(v)}
	case float64:
		out.Kind = &structpb.Value_NumberValue{NumberValue: v}
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("cannot write text %q: it is no UTF-8", v)
		}
		out.Kind = w.string(v)
	case []any:
		list, err := w.list(v)
		if err != nil {
			return nil, err
		}
		out.Kind = &structpb.Value_ListValue{ListValue: list}
	case map[string]any:
		object, err := w.object(v)
		if err != nil {
			return nil, err
		}
		out.Kind = w.structure(object)
	default:
		return nil, fmt.Errorf("cannot write a value of type %T", in)
	}
	return out, nil
}

func (w *writer) string(v string) *structpb.Value_StringValue {
	if len(w.strings) == 0 {
		w.strings = make([]structpb.Value_StringValue, block)
	}
	out := &w.strings[0]
	w.strings = w.strings[1:]
	out.StringValue = v
	return out
}

func (w *writer) structure(v *structpb.Struct) *structpb.Value_StructValue {
	if len(w.objects) == 0 {
		w.objects = make([]structpb.Value_StructValue, block)
	}
	out := &w.objects[0]
	w.objects = w.objects[1:]
	out.StructValue = v
	return out
}
