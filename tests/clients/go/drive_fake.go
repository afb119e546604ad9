package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

// fakeJob says where `callsheet fake` listens.
type fakeJob struct {
	BaseURL string `json:"base_url"`
	APIKey  string `json:"api_key"`
}

// driveFake asks `callsheet fake`, and changes it on the way.
func driveFake(job fakeJob) object {
	client := open(job.BaseURL, job.APIKey)
	impatient := open(job.BaseURL, job.APIKey, option.WithMaxRetries(0))
	found := object{"walked": idsOf(client.Models.ListAutoPaging(
		background, anthropic.ModelListParams{Limit: anthropic.Int(4)},
	))}

	call(job, "reset", object{})
	call(job, "fail", object{"status": 429, "retry_after": 0.01})
	found["after_busy"] = newest(client)
	found["statuses"] = statuses(job)

	call(job, "add", object{"model_id": "claude-of-go"})
	found["added"] = newest(client)

	call(job, "fail", object{"cut": true})
	_, err := impatient.Models.List(background, anthropic.ModelListParams{})
	found["cut"] = fmt.Sprint(err)
	return found
}

func newest(client anthropic.Client) string {
	return have(client.Models.List(background, anthropic.ModelListParams{})).Data[0].ID
}

// call sends a verb to the fake.
func call(job fakeJob, verb string, arguments object) {
	body := bytes.NewReader(have(json.Marshal(arguments)))
	answer := have(http.Post(job.BaseURL+"/_fake/"+verb, "application/json", body))
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fail(fmt.Errorf("%s: %s", verb, have(io.ReadAll(answer.Body))))
	}
}

// statuses returns how the fake answered what it was asked.
func statuses(job fakeJob) (found []int) {
	answer := have(http.Get(job.BaseURL + "/_fake/requests"))
	defer answer.Body.Close()
	var journal struct{ Data []struct{ Status int } }
	must(json.NewDecoder(answer.Body).Decode(&journal))
	for _, request := range journal.Data {
		found = append(found, request.Status)
	}
	return found
}
