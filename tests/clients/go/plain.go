package main

import (
	"encoding/json"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/respjson"
)

// plain returns a model as JSON, out of the client's typed fields; null where the client took a field for null.
func plain(model anthropic.ModelInfo) object {
	has := model.JSON
	return withExtra(has.ExtraFields, object{
		"type":             model.Type,
		"id":               model.ID,
		"display_name":     model.DisplayName,
		"created_at":       typed(has.CreatedAt, model.CreatedAt.Format(time.RFC3339Nano)),
		"line":             typed(has.Line, model.Line),
		"max_input_tokens": typed(has.MaxInputTokens, model.MaxInputTokens),
		"max_tokens":       typed(has.MaxTokens, model.MaxTokens),
		"capabilities":     typed(has.Capabilities, json.RawMessage(model.Capabilities.RawJSON())),
		"lifecycle":        model.Lifecycle,
		"deprecated_at":    typed(has.DeprecatedAt, model.DeprecatedAt.Format(time.RFC3339Nano)),
		"retires_at":       typed(has.RetiresAt, model.RetiresAt.Format(time.RFC3339Nano)),
	})
}

// plainBeta does the same for the type of the beta routes.
func plainBeta(model anthropic.BetaModelInfo) object {
	has := model.JSON
	return withExtra(has.ExtraFields, object{
		"type":             model.Type,
		"id":               model.ID,
		"display_name":     model.DisplayName,
		"created_at":       typed(has.CreatedAt, model.CreatedAt.Format(time.RFC3339Nano)),
		"line":             typed(has.Line, model.Line),
		"max_input_tokens": typed(has.MaxInputTokens, model.MaxInputTokens),
		"max_tokens":       typed(has.MaxTokens, model.MaxTokens),
		"capabilities":     typed(has.Capabilities, json.RawMessage(model.Capabilities.RawJSON())),
		"lifecycle":        model.Lifecycle,
		"deprecated_at":    typed(has.DeprecatedAt, model.DeprecatedAt.Format(time.RFC3339Nano)),
		"retires_at":       typed(has.RetiresAt, model.RetiresAt.Format(time.RFC3339Nano)),
	})
}

// typed returns value if the answer held the field; null if it was null or could not be read.
func typed(field respjson.Field, value any) any {
	if !field.Valid() {
		return nil
	}
	return value
}

func withExtra(fields map[string]respjson.Field, model object) object {
	for name, field := range fields {
		model[name] = json.RawMessage(field.Raw())
	}
	return model
}
