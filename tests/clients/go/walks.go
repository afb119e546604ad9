package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/param"
)

// walkQuery is how one walk begins.
type walkQuery struct {
	Limit     param.Opt[int64]  `json:"limit"`
	AfterID   param.Opt[string] `json:"after_id"`
	BeforeID  param.Opt[string] `json:"before_id"`
	Lifecycle []string          `json:"lifecycle"`
}

// walkEach walks once for each line of stdin, and prints its pages: models, has_more, first_id and last_id.
func walkEach(url, key string) {
	client := open(url, key, option.WithMaxRetries(0))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var query walkQuery
		must(json.Unmarshal(lines.Bytes(), &query))
		params := anthropic.ModelListParams{
			Limit: query.Limit, AfterID: query.AfterID, BeforeID: query.BeforeID, Lifecycle: query.Lifecycle,
		}
		pages := [][]any{}
		for _, page := range pagesOf(client, params) {
			first, last := typed(page.JSON.FirstID, page.FirstID), typed(page.JSON.LastID, page.LastID)
			pages = append(pages, []any{plainEach(page.Data), page.HasMore, first, last})
		}
		report(pages)
	}
}
