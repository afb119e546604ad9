package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"
)

// sdk is the module whose version is reported.
const sdk = "github.com/anthropics/anthropic-sdk-go/v2"

// anthropicJob is what to ask for.
type anthropicJob struct {
	BaseURL   string   `json:"base_url"`
	APIKey    string   `json:"api_key"`
	WrongKey  string   `json:"wrong_key"`
	Unknown   string   `json:"unknown"`
	Limit     int64    `json:"limit"`
	LastID    string   `json:"last_id"`
	Lifecycle []string `json:"lifecycle"`
	Betas     []string `json:"betas"`
	BetaName  string   `json:"beta_name"`
	Names     []string `json:"names"`
}

var background = context.Background()

func driveAnthropic(job anthropicJob) object {
	client := open(job.BaseURL, job.APIKey, option.WithMaxRetries(0))
	stranger := open(job.BaseURL, job.WrongKey, option.WithMaxRetries(0))
	limit := anthropic.Int(job.Limit)
	unknown := anthropic.String(job.Unknown)
	list := func(params anthropic.ModelListParams) error {
		_, err := client.Models.List(background, params)
		return err
	}
	_, unauthorized := stranger.Models.List(background, anthropic.ModelListParams{})
	_, missing := client.Models.Get(background, job.Unknown, anthropic.ModelGetParams{})
	return object{
		"version":  version(),
		"page":     firstPage(client, limit.Value),
		"forward":  walk(client, anthropic.ModelListParams{Limit: limit}),
		"backward": walk(client, anthropic.ModelListParams{Limit: limit, BeforeID: anthropic.String(job.LastID)}),
		"all":      plainEach(have(client.Models.List(background, anthropic.ModelListParams{Limit: anthropic.Int(1000)})).Data),
		"lifecycle": idsOf(client.Models.ListAutoPaging(
			background, anthropic.ModelListParams{Limit: limit, Lifecycle: job.Lifecycle},
		)),
		"retrieved": retrieveEach(client, job.Names),
		"beta":      beta(client, job),
		"errors": object{
			"wrong_key":     describe(unauthorized),
			"unknown_model": describe(missing),
			"limit":         describe(list(anthropic.ModelListParams{Limit: anthropic.Int(1001)})),
			"after_id":      describe(list(anthropic.ModelListParams{AfterID: unknown})),
			"before_id":     describe(list(anthropic.ModelListParams{BeforeID: unknown})),
		},
	}
}

// version returns the release of the client that this program was built with.
func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == sdk {
			return module.Version
		}
	}
	return ""
}

func firstPage(client anthropic.Client, limit int64) object {
	var answer *http.Response
	params := anthropic.ModelListParams{Limit: anthropic.Int(limit)}
	page := have(client.Models.List(background, params, option.WithResponseInto(&answer)))
	return object{
		"ids":        idsIn(page.Data),
		"has_more":   page.HasMore,
		"first_id":   page.FirstID,
		"last_id":    page.LastID,
		"request_id": answer.Header.Get("request-id"),
	}
}

// walk returns the ids of a walk, both as the client strings them together and page by page.
func walk(client anthropic.Client, params anthropic.ModelListParams) object {
	pages := [][]string{}
	for _, page := range pagesOf(client, params) {
		pages = append(pages, idsIn(page.Data))
	}
	return object{"ids": idsOf(client.Models.ListAutoPaging(background, params)), "pages": pages}
}

// pagesOf returns every page that the client comes to.
func pagesOf(client anthropic.Client, params anthropic.ModelListParams) (pages []*pagination.Page[anthropic.ModelInfo]) {
	for page := have(client.Models.List(background, params)); page != nil; page = have(page.GetNextPage()) {
		pages = append(pages, page)
	}
	return pages
}

func retrieveEach(client anthropic.Client, names []string) object {
	retrieved := object{}
	for _, name := range names {
		retrieved[name] = plain(*have(client.Models.Get(background, name, anthropic.ModelGetParams{})))
	}
	return retrieved
}

// beta asks the same routes by way of client.Beta, with beta values.
func beta(client anthropic.Client, job anthropicJob) object {
	ids := []string{}
	params := anthropic.BetaModelListParams{Limit: anthropic.Int(job.Limit), Betas: job.Betas}
	pager := client.Beta.Models.ListAutoPaging(background, params)
	for pager.Next() {
		ids = append(ids, pager.Current().ID)
	}
	must(pager.Err())
	one := have(client.Beta.Models.Get(background, job.BetaName, anthropic.BetaModelGetParams{Betas: job.Betas}))
	return object{"ids": ids, "retrieved": plainBeta(*one)}
}

// describe returns what the client's own error holds; null if there was none.
func describe(err error) any {
	if err == nil {
		return nil
	}
	var raised *anthropic.Error
	if !errors.As(err, &raised) {
		fail(err)
	}
	return object{
		"class":      fmt.Sprintf("Error of type %s", raised.Type()),
		"status":     raised.StatusCode,
		"request_id": raised.RequestID,
		"body":       json.RawMessage(raised.RawJSON()),
	}
}

func idsOf(pager *pagination.PageAutoPager[anthropic.ModelInfo]) []string {
	ids := []string{}
	for pager.Next() {
		ids = append(ids, pager.Current().ID)
	}
	must(pager.Err())
	return ids
}

func idsIn(models []anthropic.ModelInfo) []string {
	ids := []string{}
	for _, model := range models {
		ids = append(ids, model.ID)
	}
	return ids
}

func plainEach(models []anthropic.ModelInfo) []object {
	all := []object{}
	for _, model := range models {
		all = append(all, plain(model))
	}
	return all
}
