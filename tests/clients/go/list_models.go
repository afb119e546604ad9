package main

import (
	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

// listJob names servers, a key, the size of a page, and how many models to take at most from a list that may never
// end.
type listJob struct {
	URLs   []string `json:"urls"`
	Key    string   `json:"key"`
	Limit  int64    `json:"limit"`
	AtMost int      `json:"at_most"`
}

// listEach returns what a loop over each server's list gives: ids, or null if the client returned an error.
func listEach(job listJob) [][]string {
	listed := [][]string{}
	for _, url := range job.URLs {
		client := open(url, job.Key, option.WithMaxRetries(0))
		pager := client.Models.ListAutoPaging(background, anthropic.ModelListParams{Limit: anthropic.Int(job.Limit)})
		ids := []string{}
		for len(ids) < job.AtMost && pager.Next() {
			ids = append(ids, pager.Current().ID)
		}
		if pager.Err() != nil {
			ids = nil
		}
		listed = append(listed, ids)
	}
	return listed
}
